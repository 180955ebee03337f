"""TLS to a receiver: which certificates are trusted, and which keys are never logged."""

import ssl
from pathlib import Path

import pytest

from seatlatch.webhooks.addresses import PUBLIC, Resolver
from seatlatch.webhooks.http_sender import HttpSender, NoResponse, tls
from tests.webhooks.test_http_sender import HEADERS, listening, sending, writing
from tests.webhooks.webhook_harness import run


def test_https_to_a_server_without_tls_is_a_failure() -> None:
    async def test() -> None:
        async with listening(writing(b"HTTP/1.1 200 OK\r\n\r\n")) as port, sending() as sender:
            with pytest.raises(NoResponse):
                await sender.send(f"https://127.0.0.1:{port}/", HEADERS, b"{}")

    run(test())


def test_certificates_are_checked() -> None:
    """The chain and the name, as by the default of ssl."""
    context = HttpSender(PUBLIC, Resolver())._pool._ssl_context
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_no_file_gets_the_keys_of_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (tmp_path / "keys", tmp_path / "missing" / "keys"):
        monkeypatch.setenv("SSLKEYLOGFILE", str(file))
        tls.cache_clear()
        assert tls().keylog_filename is None
    assert list(tmp_path.iterdir()) == []

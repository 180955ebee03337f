"""TLS between a webhook and its receiver: what is trusted, and what is never written down."""

import ssl
from pathlib import Path

import pytest

from seatlatch.webhooks.addresses import PUBLIC, Resolver
from seatlatch.webhooks.sending import NoAnswer, Sender, tls
from tests.webhooks.telling import run
from tests.webhooks.test_sending import HEADERS, listening, sending, writing


def test_https_to_what_speaks_none_is_a_failure() -> None:
    async def test() -> None:
        async with listening(writing(b"HTTP/1.1 200 OK\r\n\r\n")) as port, sending() as sender:
            with pytest.raises(NoAnswer):
                await sender.send(f"https://127.0.0.1:{port}/", HEADERS, b"{}")

    run(test())


def test_certificates_are_checked() -> None:
    """What the system trusts, and the name: as ssl's own default is."""
    context = Sender(PUBLIC, Resolver())._pool._ssl_context
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_the_keys_of_webhooks_are_written_to_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (tmp_path / "keys", tmp_path / "missing" / "keys"):
        monkeypatch.setenv("SSLKEYLOGFILE", str(file))
        tls.cache_clear()
        assert tls().keylog_filename is None
    assert list(tmp_path.iterdir()) == []

"""A server with TLS, and certificates that openssl makes for it."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.client.scripted import Script, Scripted, answering


def make_certificate(folder: Path, name: str, *, days: int = 1, host: str = "127.0.0.1") -> Path:
    """A certificate that is signed by itself, with its key in the same file."""
    path = folder / f"{name}.pem"
    kind = "IP" if host[0].isdigit() else "DNS"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{host}"]
    command += ["-days", str(days), "-keyout", f"{path}.key", "-out", f"{path}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(Path(f"{path}.key").read_text() + Path(f"{path}.crt").read_text())
    return path


@contextmanager
def answering_with_tls(script: Script, certificate: Path) -> Iterator[Scripted]:
    """Serve a script over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with answering(script, context) as server:
        server.url = server.url.replace("http://", "https://")
        yield server

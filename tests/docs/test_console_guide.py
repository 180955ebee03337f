"""The guide to the console: its nginx configuration signs people in, and nobody else can."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.console.console_client import COOKIE, SIGN_IN
from tests.console.people import ADMIN, SUPPORT, add_people
from tests.deploy.proxied import AROUND_NGINX
from tests.docs.pages import DOCS, blocks
from tests.http.proxies import KINDS, proxy
from tests.operator_api.administrators import audited
from tests.serving import Served, make_inventory, serving

GUIDE = DOCS / "guides" / "console.md"
NAME = "tickets.example.com"
URL = f"https://{NAME}"
HEADER = "X-Remote-User"
PASSWORD = "password"
FORM = {"next": "/console"}
OURS = {"Origin": URL, "Sec-Fetch-Site": "same-origin"}

PLACES = {
    "FOLDER": "{folder}",
    "listen 443 ssl": "listen unix:{socket} ssl",
    "127.0.0.1:8080": "127.0.0.1:{port}",
}
"""What differs from the guide: where everything is."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server with the guide's settings."""
    database = make_inventory(tmp_path / "inventory.db")
    add_people(database)
    with serving(
        database, console="on", console_user_header=HEADER, trusted_proxies="127.0.0.1"
    ) as running:
        yield running


def configuration(folder: Path) -> str:
    """The guide's configuration with our places, as a template."""
    (block,) = (block.text for block in blocks(GUIDE) if block.language == "nginx")
    text = (AROUND_NGINX + block + "}\n").replace("{", "{{").replace("}", "}}")
    for theirs, ours in PLACES.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    return text.replace("/etc/nginx", str(folder))


@pytest.fixture
def browser(served: Served, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of the guide's nginx, by TLS."""
    make_certificate(tmp_path)
    (tmp_path / "people").write_text(f"{SUPPORT}:{{PLAIN}}{PASSWORD}\n")
    nginx = next(kind for kind in KINDS if kind.name == "nginx")
    nginx = nginx._replace(configuration=configuration(tmp_path))
    with proxy(nginx, served.port) as socket:
        trust = ssl.create_default_context(cafile=str(tmp_path / "tickets.pem"))
        transport = httpx.HTTPTransport(uds=str(socket), verify=trust)
        with httpx.Client(transport=transport, base_url=URL) as client:
            yield client


def make_certificate(folder: Path) -> None:
    """A certificate for the guide's name, which signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "tickets.pem").write_bytes(certificate.public_bytes(pem))
    unencrypted = serialization.NoEncryption()
    (folder / "tickets.key").write_bytes(key.private_bytes(pem, encoding, unencrypted))


def test_a_person_of_the_proxy_signs_in_with_one_press(
    browser: httpx.Client, served: Served
) -> None:
    browser.auth = (SUPPORT, PASSWORD)
    page = browser.get(SIGN_IN)
    assert f"Continue as {SUPPORT}" in page.text
    answer = browser.post(SIGN_IN, headers=OURS, data=FORM)
    assert answer.status_code == 303
    assert "; secure" in answer.headers["set-cookie"].lower()
    home = browser.get("/console")
    assert (home.status_code, SUPPORT in home.text) == (200, True)
    (entry,) = audited(served)
    assert (entry["actor"], entry["details"]) == (SUPPORT, {"singleSignOn": True})


def test_a_client_cannot_name_itself(browser: httpx.Client) -> None:
    named = {HEADER: ADMIN}
    assert browser.get("/console", headers=named).status_code == 401, "nginx asks for a password"
    assert browser.post(SIGN_IN, headers={**OURS, **named}, data=FORM).status_code == 401
    browser.auth = (SUPPORT, PASSWORD)
    assert f"Continue as {SUPPORT}" in browser.get(SIGN_IN, headers=named).text
    browser.auth = (ADMIN, "wrong")
    for path in (SIGN_IN, "/Console/sign-in", "//console/sign-in", "/x/../console/sign-in"):
        answer = browser.post(path, headers={**OURS, **named}, data=FORM)
        assert answer.status_code in (401, 404, 405), path
        assert COOKIE not in answer.headers.get("set-cookie", "")


def test_another_site_cannot_send_a_form(browser: httpx.Client) -> None:
    browser.auth = (SUPPORT, PASSWORD)
    for headers in ({"Origin": "https://example.com"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.post(SIGN_IN, headers=headers, data=FORM).status_code == 403
    assert browser.post(SIGN_IN, headers={"Origin": URL}, data=FORM).status_code == 303


def test_the_interfaces_are_reached_as_before(browser: httpx.Client) -> None:
    assert browser.get("/livez").status_code == 200
    headers = {"Authorization": f"Bearer {SUPPORT}"}
    assert browser.get("/operator/v1/tickets/listed-1", headers=headers).status_code == 404

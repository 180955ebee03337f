"""The pages of the reference: served by the service alone, with a strict policy."""

import gzip
import re
from hashlib import sha256

import pytest

from seatlatch.openapi.document import DOCUMENTS
from seatlatch.openapi.routes import ASSETS, PAGE, PAGES, POLICY, VENDORED, page
from seatlatch.sandbox import data
from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.serving import Served

URL = re.compile(r"https?://|\burl\(|@import")
REGISTRIES = ("npmjs", "unpkg", "jsdelivr", "cdnjs", "googleapis", "gstatic")
ALL = [*PAGES, *DOCUMENTS, *(f"/reference/_files/{name}" for name in ASSETS)]


pytestmark = ON_SQLITE
"""Nothing here is about a database."""


@all_cases("path", ALL)
def test_each_file_is_served_with_its_type_and_kept_until_it_changes(
    path: str, shared: Served
) -> None:
    plain = shared.send(path, "GET", {})
    assert plain.status_code == 200
    assert "content-encoding" not in plain.headers
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["cache-control"] == "no-cache"
    kind = {"css": "text/css", "js": "text/javascript", "json": "application/json"}
    assert plain.headers["content-type"].startswith(kind.get(path.rpartition(".")[2], "text/html"))

    packed = shared.client.build_request("GET", path, headers={"Accept-Encoding": "gzip"})
    raw = shared.client.send(packed, stream=True)
    assert gzip.decompress(b"".join(raw.iter_raw())) == plain.content

    known = shared.send(path, "GET", {"If-None-Match": plain.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    other = shared.send(path, "GET", {"If-None-Match": 'W/"another"'})
    assert other.status_code == 200
    assert shared.send(path, "HEAD", {}).headers["etag"] == plain.headers["etag"]
    refused = shared.send(path, "POST", {})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_may_load_nothing_from_elsewhere(path: str, shared: Served) -> None:
    answer = shared.send(path, "GET", {})
    assert answer.headers["content-security-policy"] == POLICY
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY
    assert not re.search(r"\*|https?:", POLICY)
    assert not URL.search(answer.text)
    assert "<script>" not in answer.text
    assert "style=" not in answer.text
    for file in PAGE.iterdir():
        assert not URL.search(file.read_text("utf-8")), file.name


@all_cases(
    "path",
    [
        *("/reference/_files/", "/reference/_files/README.md", "/reference/_files/page.html"),
        *("/reference/_files/../document.py", "/reference/_files/..%2fdocument.py"),
        *("/reference/_files/%2e%2e/files.py", "/reference/_files//etc/passwd"),
        *("/reference/_files/swagger-ui.css%00", "/reference/_files/..\\files.py"),
        *("/reference/../openapi.json", "/reference//", "/reference/operator/", "/openapi.json/"),
    ],
)
def test_nothing_beside_them_is_served(path: str, shared: Served) -> None:
    answer = shared.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
    assert answer.status == 404


@pytest.mark.parametrize("path", PAGES)
def test_credentials_are_filled_in_for_the_sandbox_alone(path: str, shared: Served) -> None:
    secrets = (data.ACCESS_TOKEN, data.OPERATOR_KEY, data.API_KEY)
    assert not any(secret in shared.send(path, "GET", {}).text for secret in secrets)
    filled = page(path, is_sandbox=True).decode()
    assert f'data-credential="{PAGES[path].credential}"' in filled


def test_what_is_vendored_is_what_its_page_says() -> None:
    reported = dict(re.findall(r"^\| `(.+)` \| `([0-9a-f]{64})` \|$", readme(), re.MULTILINE))
    sums = {
        file.name: sha256(file.read_bytes()).hexdigest()
        for file in VENDORED.iterdir()
        if file.name != "README.md"
    }
    assert reported == sums
    assert {"LICENSE", "NOTICE"} < set(sums)


def test_what_is_vendored_names_no_registry() -> None:
    for file in VENDORED.iterdir():
        text = file.read_text("utf-8").lower()
        assert not any(host in text for host in REGISTRIES), file.name
    assert not re.search(r"url\((?!\"?data:)", (VENDORED / "swagger-ui.css").read_text("utf-8"))


def readme() -> str:
    """The files beside the vendored files."""
    return (VENDORED / "README.md").read_text("utf-8")

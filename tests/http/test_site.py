"""The pages below /docs/: the files of a folder, safe to open, and no others."""

import gzip
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cases import all_cases
from tests.databases import Databases
from tests.serving import Served, fill, raw_request, serving

PAGE = b'<body><script>one()</script><svg style="opacity: 50%"></svg><script src="x.js"></script>'
SECRET = b"not for anybody"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site, and files around it that do not belong to it."""
    around = tmp_path_factory.mktemp("around")
    site = around / "site"
    (site / "errors").mkdir(parents=True)
    (site / "index.html").write_bytes(PAGE)
    (site / "errors" / "index.html").write_bytes(b"errors")
    (site / "search.js").write_bytes(b"find();" * 100)
    (site / "notes").write_bytes(b"<script>alert()</script>")
    (around / "secret.html").write_bytes(SECRET)
    (site / "link.html").symlink_to(around / "secret.html")
    (site / "folder").symlink_to(around)
    return site


@pytest.fixture(scope="module")
def served(databases: Databases, folder: Path) -> Iterator[Served]:
    """A server with this site."""
    database = databases.new()
    fill(database)
    with serving(database, site=folder) as running:
        yield running


pytestmark = pytest.mark.only_on("sqlite")
"""No page is in a database."""


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("errors/", "text/html; charset=utf-8"),
        ("search.js", "text/javascript; charset=utf-8"),
        ("notes", "text/plain; charset=utf-8"),
    ],
)
def test_a_file_is_served_as_what_it_is(
    served: Served, folder: Path, path: str, media_type: str
) -> None:
    answer = served.client.get(f"/docs/{path}")
    name = f"{path}index.html" if path in ("", "errors/") else path
    assert answer.status_code == 200
    assert answer.content == (folder / name).read_bytes()
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@all_cases(
    "path",
    [
        *("../secret.html", "errors/../../secret.html", "%2e%2e/secret.html", "..%2fsecret.html"),
        *("link.html", "folder/secret.html", "folder/", "/index.html", "errors/../index.html"),
        *("{absolute}", "index.html%00", "%00", "errors", "errors//", "./index.html"),
        *("..\\secret.html", "index.html/", "%c0%ae%c0%ae/secret.html", "INDEX.HTML"),
    ],
)
def test_no_path_leads_out_of_the_folder(served: Served, folder: Path, path: str) -> None:
    """Send the path unchanged: a client would normalize the dots."""
    asked = path.replace("{absolute}", str(folder.parent / "secret.html"))
    answer = served.raw(raw_request([], b"", target=f"/docs/{asked}", method="GET"))
    assert answer.status == 404
    assert SECRET not in answer.body
    assert b'"type":"NOT_FOUND"' in answer.body


def test_a_page_may_do_what_stands_in_it_and_nothing_with_other_hosts(served: Served) -> None:
    policy = served.client.get("/docs/").headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'self' '{digest(b'one()')}'"
    assert rules["style-src"] == f"'self' 'unsafe-hashes' '{digest(b'opacity: 50%')}'"
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "://" not in policy
    assert "unsafe-inline" not in policy
    script = served.client.get("/docs/notes").headers["Content-Security-Policy"]
    assert "sha256" not in script


def digest(text: bytes) -> str:
    """A source of a policy."""
    return f"sha256-{b64encode(sha256(text).digest()).decode()}"


def test_what_a_browser_has_already_is_not_sent_again(served: Served) -> None:
    first = served.client.get("/docs/")
    assert first.headers["Cache-Control"] == "no-cache"
    again = served.client.get("/docs/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    other = served.client.get("/docs/errors/", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_gzip_is_put_on_once(served: Served, folder: Path) -> None:
    request = raw_request(
        [("Accept-Encoding", "gzip")], b"", target="/docs/search.js", method="GET"
    )
    answer = served.raw(request)
    assert [value for name, value in answer.headers if name == "content-encoding"] == ["gzip"]
    assert gzip.decompress(answer.body) == (folder / "search.js").read_bytes()


def test_only_get_and_head(served: Served) -> None:
    answer = served.client.put("/docs/index.html")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    head = served.client.head("/docs/index.html")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == str(len(PAGE))


def test_a_site_that_is_built_while_the_service_runs_is_seen(
    databases: Databases, tmp_path: Path
) -> None:
    database = databases.new()
    fill(database)
    site = tmp_path / "site"
    with serving(database, site=site) as served:
        before = served.client.get("/docs/")
        site.mkdir()
        (site / "index.html").write_bytes(b"first")
        first = served.client.get("/docs/")
        site.rename(tmp_path / "old")
        site.mkdir()
        (site / "index.html").write_bytes(b"second")
        second = served.client.get("/docs/")
    assert before.status_code == 404
    assert "Run `make docs`" in before.json()["error"]["developerMessage"]
    assert (first.text, second.text) == ("first", "second")


def test_no_page_has_its_own_name_in_the_metrics(served: Served) -> None:
    """Callers choose which pages they ask for."""
    served.client.get("/docs/errors/")
    served.client.get("/docs/what-anybody-writes")
    routes = set(re.findall(r'route="([^"]*)"', served.client.get("/metrics").text))
    assert {route for route in routes if "docs" in route} == {"/docs/{path:path}"}

"""A file that can't be read now is not absent: 503, and the page as soon as it can be read."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seatlatch.http.site import read_site
from tests.databases import Databases
from tests.serving import Served, fill, serving

pytestmark = pytest.mark.only_on("sqlite")
"""No page is in a database."""


@pytest.fixture
def served(databases: Databases, tmp_path: Path) -> Iterator[Served]:
    """A server with a site that was not requested yet."""
    database = databases.new()
    fill(database)
    folder = tmp_path / "site"
    (folder / "errors").mkdir(parents=True)
    (folder / "index.html").write_bytes(b"first page")
    (folder / "errors" / "index.html").write_bytes(b"errors")
    with serving(database, site=folder) as running:
        yield running


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let this process open nothing more. Open descriptors stay open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("path", ["/docs/", "/docs/errors/", "/reference"])
def test_without_descriptors_a_page_is_503_and_not_absent(served: Served, path: str) -> None:
    assert served.client.get("/livez").status_code == 200  # on the connection that stays open
    with no_descriptors():
        response = served.client.get(path)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    error = response.json()["error"]
    assert (error["type"], error["appErrorCode"]) == ("SERVICE_UNAVAILABLE", "MS-503")
    assert error["developerMessage"] == "The page can't be read from disk now. Retry the request."
    assert served.client.get(path).status_code == 200


def test_a_page_that_was_read_is_served_without_descriptors(served: Served) -> None:
    assert served.client.get("/docs/").status_code == 200
    with no_descriptors():
        assert served.client.get("/docs/errors/").text == "errors"


def test_a_file_that_cannot_be_read_is_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(b"first page")
    assert set(read_site(tmp_path)) == {"index.html"}
    with no_descriptors(), pytest.raises(OSError, match="Too many open files"):
        read_site(tmp_path)

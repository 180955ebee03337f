"""The sync client is made from the async one, and the client can leave in one move."""

import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec

from seatlatch import client
from seatlatch.client import AsyncClient, Client
from tools.sync_client import CLIENT, WRITTEN_BY_HAND, make

LEAVING = """
import sys
sys.path[:0] = sys.argv[1:]
import moved_client as client
with client.Client("http://127.0.0.1:1", application_id="a", api_key="b", channel_code="c",
                   access_token="d", retries=client.Retries(attempts=1)) as made:
    assert made.tickets.unlock([]).success == []
    try:
        made.tickets.unlock(["a"])
    except client.ConnectionFailed:
        pass
assert not [name for name in sys.modules if name.partition(".")[0] == "seatlatch"]
"""


def test_the_sync_client_is_made_from_the_async_one(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert len(made) >= 6
    there = {path.name for path in (CLIENT / "_sync").glob("*.py")}
    assert there == {path.name for path in made} | WRITTEN_BY_HAND
    for path in made:
        assert path.read_text() == (CLIENT / "_sync" / path.name).read_text(), path.name


def test_both_have_the_same_surface() -> None:
    for one, other in ((AsyncClient, Client), (client.AsyncTicketsResult, client.TicketsResult)):
        names = {name.removeprefix("a") for name in public(one)}
        assert names == {name.removeprefix("a") for name in public(other)}
    keywords = inspect.signature(AsyncClient).parameters.keys()
    assert keywords == inspect.signature(Client).parameters.keys()


def public(kind: type) -> set[str]:
    """The names of a class that are for others."""
    return {name for name in vars(kind) if not name.startswith("_")}


def test_it_leaves_in_one_move_and_needs_two_libraries(tmp_path: Path) -> None:
    shutil.copytree(CLIENT, tmp_path / "moved_client")
    libraries = Path(httpx.__file__).parents[1], Path(msgspec.__file__).parents[1]
    paths = [str(tmp_path), *map(str, libraries)]
    # -S: without the environment's packages, so that what is found is found in these folders.
    subprocess.run([sys.executable, "-S", "-c", LEAVING, *paths], check=True, timeout=60)


def test_every_public_name_is_there_and_documented() -> None:
    assert sorted(client.__all__) == client.__all__
    for name in set(client.__all__) - {"FailureType", "OnAnswer", "Source"}:  # aliases of types
        assert inspect.getdoc(getattr(client, name)), name


def test_it_is_typed() -> None:
    assert (CLIENT / "py.typed").is_file()

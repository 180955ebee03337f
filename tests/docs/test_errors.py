"""The error catalogue: a page for each type, with an example that really is answered so."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from docs.errors import types
from seatlatch.commit import CommitEach
from seatlatch.domain.channel import Channel
from seatlatch.operations.change_tickets import unlock_tickets
from seatlatch.sandbox import data
from seatlatch.store.interface import Store
from tests import web
from tests.docs.answers import same_answer
from tests.docs.pages import DOCS, name_of, prose
from tests.docs.running import require_curl, run_shell
from tests.docs.test_examples import in_turn, put_files
from tests.docs.test_guides import IN_THE_SANDBOX
from tests.operations.changes import ASKER
from tests.operator_api.bulk import Interfered
from tests.serving import serving, valid_headers
from tests.sqlite_database import SqliteDatabase
from tests.stores import Broken

CATALOGUE = DOCS / "errors"
INDEX = CATALOGUE / "README.md"
PAGES = sorted(page for page in CATALOGUE.glob("*.md") if page != INDEX)
RATE = "200:400"

Running = tuple[str, Mapping[str, str]]
"""Where a service answers, and what the commands of a page have in their environment."""

Situation = Callable[[SqliteDatabase], AbstractContextManager[Running]]


@contextmanager
def as_always(database: SqliteDatabase) -> Iterator[Running]:
    """The sandbox's data, and nothing special."""
    with serving(database, rate_limit=RATE) as served:
        yield served.url, {}


@contextmanager
def with_a_bug(database: SqliteDatabase) -> Iterator[Running]:
    """A service that has one."""
    with serving(database, rate_limit=RATE, around=Broken) as served:
        yield served.url, {}


@contextmanager
def without_database(database: SqliteDatabase) -> Iterator[Running]:
    """A service whose database is out of reach."""
    with serving(database, rate_limit=RATE) as served, database.away():
        yield served.url, {}


@contextmanager
def one_a_second(database: SqliteDatabase) -> Iterator[Running]:
    """A service that lets each application send one request a second."""
    with serving(database, rate_limit="1:1") as served:
        yield served.url, {}


@contextmanager
def pruned(database: SqliteDatabase) -> Iterator[Running]:
    """A service whose journal has let go of what a reader has not seen yet."""
    with serving(database, rate_limit=RATE) as served:
        headers = valid_headers(**IN_THE_SANDBOX)
        feed = web.get(f"{served.url}/v1/events?after=latest", headers=headers).json()
        for token in ("98973476444", "54457347644"):
            assert served.unlock(token, **IN_THE_SANDBOX).status_code == 200
        database.execute("UPDATE journal_chains SET pruned_number = 1")
        yield served.url, {"NEXT": feed["next"]}


@contextmanager
def changed_meanwhile(database: SqliteDatabase) -> Iterator[Running]:
    """A service on whose database a channel unlocks a ticket just before the next change."""
    channel = Channel(data.CHANNEL, frozenset({data.ORGANIZATION}))

    def around(inside: Store) -> Store:
        store = Interfered(inside)
        store.happens[1] = lambda inner: unlock_tickets(
            CommitEach(inner), ASKER, channel, ["201010101"]
        )
        return store

    with serving(database, rate_limit=RATE, around=around) as served:
        yield served.url, {}


SITUATIONS: Mapping[str, Situation] = {
    "GONE": pruned,
    "INTERNAL_ERROR": with_a_bug,
    "SERVICE_UNAVAILABLE": without_database,
    "TICKET_CHANGED": changed_meanwhile,
    "TOO_MANY_REQUESTS": one_a_second,
}
"""What must be the case for these; the others are answered as always."""

TRIES_MAX = 9
"""Who is let in empties its bucket, so that the next one is refused if it comes within a second."""


def test_each_type_has_a_page_and_each_page_a_type() -> None:
    assert {page.stem for page in PAGES} == set(types())
    for page in PAGES:
        text = page.read_text("utf-8")
        assert text.startswith(f"# {page.stem}\n")
        assert f"<!-- generated: error {page.stem} -->" in text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_example_is_what_the_service_answers(page: Path, tmp_path: Path) -> None:
    require_curl()
    database = SqliteDatabase.made(tmp_path / "sandbox.db", "sandbox")
    with database.provisioning() as provisioning:
        provisioning.do(data.fill)
    with SITUATIONS.get(page.stem, as_always)(database) as (url, environment):
        put_files(url, tmp_path)

        def run(text: str) -> str:
            for _ in range(TRIES_MAX):
                printed = run_shell(text, url, tmp_path, **environment)
                if page.stem != "TOO_MANY_REQUESTS" or " 429 " in printed:
                    break
            return printed

        shown = 0
        for sent, printed, block in in_turn(page, run):
            same_answer(block, printed, sent)
            assert f'"type":"{page.stem}"' in printed
            shown += 1
    assert shown >= 1


def test_each_page_says_what_it_means_and_what_to_do() -> None:
    for page in PAGES:
        for heading in ("## What it means", "## What to do", "## Example"):
            assert f"\n{heading}\n" in prose(page), name_of(page)

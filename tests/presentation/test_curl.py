"""Requests as curl commands: a shell that runs one makes the same request again."""

import httpx

from seatlatch.domain.journal import Act, Asker, DamagedEntry, Entry, Verb
from seatlatch.domain.outcome import Outcome
from seatlatch.operations.read_journal import trace_request
from seatlatch.presentation.curl import (
    LISTING_IS_INCOMPLETE,
    TOKENS_ARE_SHORTENED,
    curl_of,
)
from seatlatch.wiring import with_store
from tests.databases import ON_SQLITE
from tests.operator_api.box_office import hold, override, release, void
from tests.serving import (
    ACCESS_TOKEN,
    API_KEY,
    APPLICATION,
    CHANNEL,
    LOCK,
    OPERATOR_KEY,
    Served,
)
from tests.shell import run_in_shell

pytestmark = ON_SQLITE  # no engine can influence it

HOSTILE = '\'; touch $HOME/x; `id` "$(id)" \\ <script>\n'


def commands_of(served: Served, request_id: str) -> list[str]:
    """The commands of the attempts of a request."""
    found = with_store(
        served.database.url, lambda store: trace_request(store, request_id), "inventory"
    )
    return [command.command for entry in found.entries if (command := curl_of(entry))]


def run(command: str, served: Served) -> None:
    """Let a shell run a command."""
    run_in_shell(
        command,
        URL=served.url,
        API_KEY=API_KEY,
        ACCESS_TOKEN=ACCESS_TOKEN,
        OPERATOR_KEY=OPERATOR_KEY,
    )


def outcomes_of(served: Served, request_id: str) -> list[object]:
    """What each attempt of a request has asked for, with its outcomes but for "already"."""
    found = with_store(
        served.database.url, lambda store: trace_request(store, request_id), "inventory"
    )
    return [
        (entry.act, sorted(token for tokens in entry.outcomes.values() for token in tokens))
        for entry in found.entries
        if isinstance(entry, Entry)
    ]


def require_same(served: Served, answer: httpx.Response) -> None:
    """The command of a request makes the same request."""
    request_id = answer.headers["Request-ID"]
    (command,) = commands_of(served, request_id)
    run(command, served)
    first, second = outcomes_of(served, request_id)
    assert first == second


def test_an_unlock_is_repeated(served: Served) -> None:
    require_same(served, served.unlock("listed-1", "locked", "unknown", HOSTILE))


def test_a_lock_is_repeated_as_far_as_it_is_known(served: Served) -> None:
    listing = {"externalListingId": HOSTILE.strip(), "tokens": [{"token": "not-listed"}]}
    require_same(served, served.call("PUT", LOCK, {"source": "MY_ACCOUNT", "listing": listing}))


def test_the_box_office_s_requests_are_repeated(served: Served) -> None:
    require_same(served, hold(served, "not-listed", reason=HOSTILE.strip(), expiresInSeconds=60))
    require_same(served, release(served, "not-listed"))
    require_same(served, override(served, "listed-1"))
    require_same(served, void(served, "listed-2"))
    require_same(served, hold(served, "listed-elsewhere", overListing=True))


def entry(verb: Verb, *tokens: str, operator: str | None = None) -> Entry:
    """An entry about some tickets."""
    asker = Asker("0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2", APPLICATION, CHANNEL)
    if operator:
        asker = Asker(asker.request_id, operator=operator)
    outcomes = {Outcome.UNKNOWN: list(tokens)} if tokens else {}
    return Entry(1, 1, None, Act(verb, asker), outcomes, [], None)  # type: ignore[arg-type]


def test_what_no_call_has_made_has_no_command() -> None:
    assert curl_of(DamagedEntry(1, 1)) is None
    assert curl_of(entry(Verb.UNLOCK)) is None
    assert curl_of(entry(Verb.PRUNE, "x", operator="command line (ann)")) is None


def test_notes_say_what_is_missing() -> None:
    locked, unlocked = curl_of(entry(Verb.LOCK, "a")), curl_of(entry(Verb.UNLOCK, "a"))
    assert locked is not None
    assert locked.notes == [LISTING_IS_INCOMPLETE]
    assert unlocked is not None
    assert unlocked.notes == []
    shortened = curl_of(entry(Verb.UNLOCK, "x" * 201))
    assert shortened is not None
    assert shortened.notes == [TOKENS_ARE_SHORTENED]


def test_no_secret_is_in_a_command(served: Served) -> None:
    answer = served.unlock("listed-1")
    (command,) = commands_of(served, answer.headers["Request-ID"])
    assert '"Authorization: Bearer $ACCESS_TOKEN"' in command
    assert '"PAC-API-Key: $API_KEY"' in command
    assert API_KEY not in command
    assert ACCESS_TOKEN not in command

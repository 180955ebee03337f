"""What tests of the page of the journal begin with: entries, damage, and whole runs."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from tests.console.console_client import Console
from tests.serving import Served

PAGE = "/console/journal"
EDIT = "UPDATE journal SET entry = replace(entry, 'unlock', 'Unlock')"
TOKEN = "listed-1"


def add_entries(served: Served, entries: int) -> None:
    """Write entries, one for each request of a channel."""
    for _ in range(entries):
        assert served.unlock(TOKEN).status_code == 200


def portion(console: Console, run: str = "", **fields: str) -> dict[str, Any]:
    """One portion of a verification."""
    answer = console.post(f"{PAGE}/verify", run=run, **fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    done: dict[str, Any] = answer.json()
    return done


def verify(consoles: Sequence[Console], **fields: str) -> list[dict[str, Any]]:
    """All portions of a verification, of which these consoles ask for one in turn."""
    done = [portion(consoles[0], **fields)]
    while done[-1]["run"] is not None:
        console = consoles[len(done) % len(consoles)]
        done.append(portion(console, done[-1]["run"]))
    return done


def export(console: Console, **query: str) -> list[dict[str, Any]]:
    """All portions of an export."""
    parts: list[dict[str, Any]] = []
    while not parts or parts[-1]["next"] is not None:
        after = {"after": parts[-1]["next"]} if parts else {}
        answer = console.get(f"{PAGE}/entries?{urlencode(query | after)}")
        assert answer.status_code == 200, answer.text
        parts.append(answer.json())
    return parts

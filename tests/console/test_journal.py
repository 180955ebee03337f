"""The page of the journal: what it says of its state, verification in portions, and anchors."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from seatlatch.domain.operator import Role
from seatlatch.domain.verification import TAMPERED_ROWS_MAX, NewVerification, Tampered
from seatlatch.http.sealing import Seal
from tests.cases import all_cases
from tests.cli.commands import done_here, run_here
from tests.console.console_client import Console
from tests.console.journal_pages import EDIT, PAGE, add_entries, portion, verify
from tests.console.people import ADMIN, READ, SUPPORT, key_of
from tests.console.webhook_pages import text_of
from tests.databases import ON_SQLITE
from tests.serving import Served, serving
from tests.stores import opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions of two entries."""
    monkeypatch.setattr("seatlatch.operations.verification_run.ROWS_AT_ONCE", 2)
    monkeypatch.setattr("seatlatch.operations.verification_run.PORTION_SECONDS", 0)


def record(served: Served, verification: NewVerification, at: datetime = NOW) -> None:
    """Record a verification that was finished at a time."""
    with opened(served.database.store(at)) as store:
        store.commit(lambda transaction: transaction.verifications.record(verification))


def page_of(served: Served, key: str = READ) -> str:
    """The page's text."""
    answer = Console(served, key).get(PAGE)
    assert answer.status_code == 200
    return text_of(answer.text)


def test_a_journal_that_was_never_verified(served: Served) -> None:
    page = page_of(served)
    assert "The journal has never been verified." in page
    assert "0 entries in" in page
    assert "What to do" not in page


def test_the_page_says_when_and_by_whom_it_was_verified(served: Served) -> None:
    record(served, NewVerification(NOW, "ann", 1_234))
    page = page_of(served)
    assert "Not verified for a day. Last verified <time" in page
    record(served, NewVerification(NOW, "ben", 1_235, anchored_at=NOW), datetime.now(UTC))
    page = page_of(served)
    assert "Not verified for a day" not in page
    assert "by ben: all 1,235 entries are intact, also compared with the anchor of" in page
    assert "<td>ann</td>" in page


def test_only_the_latest_verifications_are_listed(served: Served) -> None:
    for number in range(12):
        at = NOW + timedelta(seconds=number)
        record(served, NewVerification(NOW, f"person-{number}", number), at)
    page = page_of(served)
    assert "<td>person-2</td>" in page
    assert "<td>person-1</td>" not in page


def test_damage_is_shown_with_what_to_do(served: Served) -> None:
    found = [Tampered(chain, 1_000, "The row was <edited>.") for chain in range(TAMPERED_ROWS_MAX)]
    record(served, NewVerification(NOW, "<script>ann", 7, 250, found))
    page = Console(served, READ).get(PAGE).text
    assert "found damage in 250 chains. 7 entries are intact." in text_of(page)
    assert "Chain 3, row 1,000: The row was &lt;edited&gt;." in page
    assert "The others are left out." in page
    assert "seatlatch journal repair" in page
    assert "&lt;script&gt;ann" in page
    assert "<script>ann" not in page


def test_a_damaged_head_is_shown_before_anybody_verifies(served: Served) -> None:
    add_entries(served, 3)
    served.database.execute("UPDATE journal_chains SET number = 1")
    page = page_of(served)
    assert "is at 1, and not at its last row. This stops changes; it can be repaired." in page
    assert "What to do" in page


@pytest.mark.usefixtures("small_portions")
def test_support_verifies_in_portions(served: Served) -> None:
    add_entries(served, 5)
    console = Console(served, SUPPORT)
    done = verify([console])
    assert [(one["entries"], one["total"]) for one in done][:3] == [(2, 5), (4, 5), (5, 5)]
    assert {one["damagedChains"] for one in done} == {0}
    page = page_of(served)
    assert "by support-all: all 5 entries are intact." in page
    assert len(served.database.table("journal_verifications")) == 1


@pytest.mark.only_on("postgres")
@pytest.mark.usefixtures("small_portions")
def test_several_processes_share_a_verification(served: Served) -> None:
    add_entries(served, 9)
    here = Console(served, SUPPORT)
    with serving(served.database, console="on") as other:
        there = Console(other, SUPPORT)
        assert verify([here, there])[-1]["entries"] == 9
    (row,) = served.database.table("journal_verifications")
    assert (row["entries"], row["damaged_chains"]) == (9, 0)


@pytest.mark.usefixtures("small_portions")
def test_damage_is_found_recorded_and_raises_the_alarm(served: Served) -> None:
    add_entries(served, 5)
    served.database.execute(f"{EDIT} WHERE entry_id % 8 = 4")
    last = verify([Console(served, SUPPORT)])[-1]
    assert (last["entries"], last["damagedChains"]) == (3, 1)
    page = page_of(served)
    assert "found damage in 1 chain. 3 entries are intact." in page
    assert "row 4: The row was edited." in page
    metrics = served.client.get("/metrics").text
    assert 'seatlatch_journal_damage_total{part="row"} 1.0' in metrics


@all_cases("key", [READ, *(key_of(role, "inside") for role in Role)])
def test_nobody_else_verifies(served: Served, key: str) -> None:
    console = Console(served, key)
    assert console.post(f"{PAGE}/verify").status_code == 403
    assert console.get(PAGE).status_code == (200 if key == READ else 403)
    assert served.database.table("journal_verifications") == []


def test_who_only_reads_is_not_offered_to_verify(served: Served) -> None:
    assert "Verify now" not in page_of(served)
    assert "Verify now" in page_of(served, SUPPORT)
    assert f'href="{PAGE}"' not in Console(served, key_of(Role.READ, "inside")).get("/console").text


@pytest.mark.usefixtures("small_portions")
def test_a_run_is_only_continued_by_the_person_who_began_it(served: Served) -> None:
    add_entries(served, 5)
    run = portion(Console(served, SUPPORT))["run"]
    refused = Console(served, ADMIN).post(f"{PAGE}/verify", run=run)
    assert refused.status_code == 422
    assert "can&#39;t be continued" in refused.text
    assert portion(Console(served, SUPPORT), run)["entries"] == 4


@pytest.mark.usefixtures("small_portions")
def test_nobody_can_write_a_run(served: Served) -> None:
    add_entries(served, 5)
    console = Console(served, SUPPORT)
    run = portion(console)["run"]
    forged = Seal(bytes(64)).close(b"{}", [b"verification"])
    ((key, _),) = served.database.execute("SELECT cursor_key, plain_until FROM cursor_key")
    ((journal_key,),) = served.database.execute("SELECT journal_key FROM journal_key")
    bound = [b"verification", journal_key.encode(), SUPPORT.encode()]
    other_kind = Seal(bytes(key)).close(b"[]", bound)
    for text in (
        "x",
        "%%%",
        run[:-2],
        "B" + run[1:],
        run[:9] + "----" + run[13:],
        "é",
        forged,
        other_kind,
    ):
        assert console.post(f"{PAGE}/verify", run=text).status_code == 422
    served.database.execute("UPDATE journal_key SET journal_key = 'another'")
    assert console.post(f"{PAGE}/verify", run=run).status_code == 422
    assert served.database.table("journal_verifications") == []


def test_an_anchor_is_the_one_of_the_command(served: Served) -> None:
    add_entries(served, 2)
    answer = Console(served, READ).get(f"{PAGE}/anchor")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith('attachment; filename="anchor-20')
    printed = json.loads(run_here(served.database, "journal", "anchor").stdout)
    anchor = answer.json()
    assert {**anchor, "moment": printed["moment"]} == printed
    assert anchor["heads"][0]["hash"] in page_of(served)


def test_a_verification_compares_with_an_anchor(served: Served) -> None:
    add_entries(served, 2)
    console = Console(served, SUPPORT)
    anchor = console.get(f"{PAGE}/anchor").json()
    assert verify([console], anchor=json.dumps(anchor))[-1]["damagedChains"] == 0
    assert "also compared with the anchor of" in page_of(served)
    anchor["heads"][0]["hash"] = "0" * 64
    assert verify([console], anchor=json.dumps(anchor))[-1]["damagedChains"] == 1
    assert "The chain was rebuilt" in page_of(served)


HEAD = {"chain": 1, "number": 1, "hash": "0" * 64}
ANCHORS: dict[str, str | dict[str, Any]] = {
    "no json": "x",
    "another shape": "[]",
    "deep": "[" * 5_000,
    "a chain that cannot be": {"heads": [{**HEAD, "chain": 2**27}]},
    "a huge chain": {"heads": [{**HEAD, "chain": 2**70}]},
    "a negative chain": {"heads": [{**HEAD, "chain": -1}]},
    "a huge number": {"heads": [{**HEAD, "number": 2**36}]},
    "a short hash": {"heads": [{**HEAD, "hash": "00"}]},
    "no zone": {"moment": "2026-11-23T12:00:00"},
    "before all time": {"moment": "0001-01-01T00:00:00+14:00"},
    "another journal's": {"journalKey": "another"},
}


@all_cases("name", ANCHORS)
def test_what_is_no_anchor_of_this_journal_is_refused(served: Served, name: str) -> None:
    console = Console(served, SUPPORT)
    given = ANCHORS[name]
    if isinstance(given, str):
        text = given
    else:
        text = json.dumps({**console.get(f"{PAGE}/anchor").json(), **given})
    assert console.post(f"{PAGE}/verify", anchor=text).status_code == 422
    assert served.database.table("journal_verifications") == []


def test_heads_that_the_journal_never_had_are_damage(served: Served) -> None:
    console = Console(served, SUPPORT)
    anchor = console.get(f"{PAGE}/anchor").json()
    anchor["moment"] = "9999-12-31T23:59:59Z"
    anchor["heads"] = [{**HEAD, "chain": chain} for chain in (2**27 - 1, 2**27 - 2, 5)]
    assert verify([console], anchor=json.dumps(anchor))[-1]["damagedChains"] == 3
    assert console.get(PAGE).status_code == 200


@pytest.fixture
def verified_by_command(served: Served) -> Iterator[Served]:
    """A journal that somebody has verified on the command line."""
    add_entries(served, 1)
    done_here(served.database, "journal", "verify", "--as", "Cron")
    yield served


@ON_SQLITE
def test_the_commands_verification_is_shown(verified_by_command: Served) -> None:
    assert "by command line (Cron): its one entry is intact." in page_of(verified_by_command)

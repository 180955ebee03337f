"""A preview of a put: the results that the put then has, and no change."""

from collections.abc import Iterator

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.ticket import TicketRecord
from seatlatch.operations import preview_put as operation
from seatlatch.operations.preview_put import preview_put
from seatlatch.operations.put_tickets import put_tickets
from tests.databases import Database
from tests.operations.states import EVERY_STATE, NOW, make_every_state
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER
from tests.stores import OpenStore, opened

ADDED = TicketRecord("new", ORGANIZATION, OWNER)
FIRST = next(one.token for one in EVERY_STATE if one.organization_id == ORGANIZATION)
SAME = TicketRecord(FIRST, ORGANIZATION, OWNER, "E", "S", "R", "9", "B")


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    make_every_state(database)
    with opened(database.store(NOW)) as store:
        yield store


def preview(
    store: OpenStore, records: list[TicketRecord], organizations: frozenset[str] | None = None
) -> list[TicketResult]:
    return store.run(preview_put(store.store, records, organizations))


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        (ADDED, Outcome.ADDED),
        (SAME, Outcome.UNCHANGED),
        (TicketRecord(FIRST, ORGANIZATION, OWNER), Outcome.UNCHANGED),
        (SAME._replace(row="", barcode=None), Outcome.UNCHANGED),
        (SAME._replace(row="R2"), Outcome.UPDATED),
        (SAME._replace(owner_id="another"), Outcome.UPDATED),
        (SAME._replace(organization_id=FOREIGN_ORGANIZATION), Outcome.OTHER_ORGANIZATION),
        (ADDED._replace(organization_id="none"), Outcome.UNKNOWN_ORGANIZATION),
    ],
)
def test_a_preview_says_what_a_put_then_does(
    store: OpenStore, database: Database, record: TicketRecord, outcome: Outcome
) -> None:
    before = database.rows()
    previewed = preview(store, [record])
    assert [one.outcome for one in previewed] == [outcome]
    assert database.rows() == before
    assert store.run(put_tickets(CommitEach(store.store), [record])) == previewed


@pytest.mark.parametrize(
    ("organization", "outcomes"), [(None, 2), (ORGANIZATION, 2), (FOREIGN_ORGANIZATION, 1)]
)
def test_tickets_in_every_state_are_previewed(
    store: OpenStore, organization: str | None, outcomes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "AT_ONCE_TOKENS", 7)
    limits = frozenset({organization}) if organization else None
    records = [TicketRecord(one.token, ORGANIZATION, "other") for one in EVERY_STATE]
    previewed = preview(store, records, limits)
    put = store.run(put_tickets(CommitEach(store.store), records, limits))
    assert previewed == put
    assert len({one.outcome for one in put}) == outcomes


def test_nothing_is_previewed_as_nothing(store: OpenStore) -> None:
    assert preview(store, []) == []

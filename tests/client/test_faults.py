"""Through a proxy that makes trouble, every unlock is answered once, and is as it was answered."""

import pytest

from seatlatch.client import ClientError, Retries
from tests.client import campaign
from tests.client.faults import FAULTS
from tests.databases import Database

CALLS = 200
SEED = 20_261_125


def test_every_unlock_is_answered_once(database: Database) -> None:
    report = campaign.run(database, campaign.plan(CALLS, SEED), SEED)
    assert report.calls == CALLS
    assert len(report.faults) == len(FAULTS) + 1
    assert report.attempts > CALLS


@pytest.mark.only_on("sqlite")
def test_without_retries_the_same_trouble_is_seen(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "PATIENT", Retries(attempts=1))
    with pytest.raises(ExceptionGroup) as raised:
        campaign.run(database, campaign.plan(CALLS, SEED), SEED)
    assert raised.group_contains(ClientError)


@pytest.mark.only_on("sqlite")
def test_the_model_sees_an_answer_that_was_lost(database: Database) -> None:
    calls = campaign.plan(20, SEED)
    answered = [(call.free, call.held) for call in calls]
    campaign.check_answers(calls, answered)
    answered[7] = ([], [])
    with pytest.raises(AssertionError):
        campaign.check_answers(calls, answered)
    campaign.prepare(database, calls)
    with pytest.raises(AssertionError):
        campaign.check_journal(database, calls)

"""The last use of an application's API key, which its administrators see."""

from datetime import datetime
from typing import Any

import pytest

from seatlatch.operations import key_uses
from seatlatch.wiring import look
from tests.serving import (
    APPLICATION,
    OTHER_ACCESS_TOKEN,
    OTHER_API_KEY,
    OTHER_APPLICATION,
    OTHER_CHANNEL,
    Served,
)
from tests.waiting import until

OTHER_CALLER = {
    "pac_application_id": OTHER_APPLICATION,
    "pac_api_key": OTHER_API_KEY,
    "authorization": f"Bearer {OTHER_ACCESS_TOKEN}",
    "pac_channel_code": OTHER_CHANNEL,
}


def last_use(served: Served, application_id: str = APPLICATION) -> datetime | None:
    """When an application's only key was last used, as the database knows it."""
    entries = look(served.database.url, lambda snapshot: snapshot.access.applications())
    ((key,),) = (one.api_keys for one in entries if one.application_id == application_id)
    return key.last_used_at


@pytest.mark.parametrize(
    "wrong", [{"pac_api_key": "wrong"}, {"authorization": "Bearer wrong"}], ids=["key", "token"]
)
def test_a_refused_request_is_no_use(served: Served, wrong: dict[str, Any]) -> None:
    assert served.unlock("listed-1", **wrong).status_code == 401
    assert served.unlock("listed-elsewhere", **OTHER_CALLER).status_code == 200
    until(lambda: last_use(served, OTHER_APPLICATION) is not None)
    assert last_use(served) is None


def test_a_use_is_noted_once_an_hour(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert last_use(served) is None
    assert served.unlock("listed-1").status_code == 200
    until(lambda: last_use(served) is not None)
    first = last_use(served)
    assert served.unlock("listed-1").status_code == 200
    assert last_use(served) == first
    monkeypatch.setattr(key_uses, "EVERY_SECONDS", 0)
    assert served.unlock("listed-1").status_code == 200
    until(lambda: last_use(served) != first)


def test_a_use_does_not_make_servers_read_all_credentials_again(served: Served) -> None:
    version = look(served.database.url, lambda snapshot: snapshot.access.read_version())
    assert served.unlock("listed-1").status_code == 200
    until(lambda: last_use(served) is not None)
    assert look(served.database.url, lambda snapshot: snapshot.access.read_version()) == version

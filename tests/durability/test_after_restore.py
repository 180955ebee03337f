"""Behaviour after a restore: credentials and cursors of the time between backup and restore."""

from pathlib import Path
from typing import Any

from tests.channel_api.journal import ask, events, reported
from tests.cli.commands import done
from tests.serving import APPLICATION, listed, make_inventory, serving
from tests.sqlite_database import SqliteDatabase

LATEST = "?after=latest"


def tokens_of(answer: Any) -> tuple[str, str]:
    """A new access token and a new refresh token."""
    assert answer.status_code == 200, answer.content
    return answer.json()["accessToken"], answer.json()["refreshToken"]


def test_later_credentials_and_cursors_are_refused(tmp_path: Path) -> None:
    database = make_inventory(tmp_path / "seatlatch.db", map(listed, ["a", "b", "c"]))
    code = done(database, "app", "authorize", APPLICATION)["authorizationCode"]
    with serving(database) as served:
        first, refresh = tokens_of(served.token(by_code(code)))
        earlier = events(served, LATEST)["next"]
        done(database, "backup", str(tmp_path / "backup.db"))
        second, _ = tokens_of(served.token(by_refresh(refresh)))
        assert served.unlock("a", Authorization=f"Bearer {second}").status_code == 200
        later = events(served, f"?after={earlier}")["next"]
        still = events(served, f"?after={later}&wait=1")["next"]
    with serving(SqliteDatabase(tmp_path / "backup.db")) as served:
        assert ask(served, f"/v1/events?after={later}").status_code == 410
        assert served.unlock("b", Authorization=f"Bearer {second}").status_code == 401
        assert served.unlock("b", Authorization=f"Bearer {first}").status_code == 200
        assert served.unlock("c").status_code == 200
        for cursor in (later, still):
            lost = ask(served, f"/v1/events?after={cursor}")
            assert lost.status_code == 410
            assert "restored from a backup" in lost.text
        page = events(served, f"?after={earlier}")
        assert [token for _, token, _ in reported(page)] == ["b", "c"], "nothing is skipped"


def by_code(code: str) -> dict[str, str]:
    """The body of an exchange of a code."""
    return {"grantType": "authorization_code", "code": code}


def by_refresh(token: str) -> dict[str, str]:
    """The body of an exchange of a refresh token."""
    return {"grantType": "refresh_token", "refreshToken": token}

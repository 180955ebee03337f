"""Commands that give access: their output and exit codes, and the effect on a server.

The rules themselves are tested in tests/operations/test_change_access.py.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cases import all_cases
from tests.cli.commands import done_here, run_here, run_on, run_within
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import ON_SQLITE, Database
from tests.sqlite_database import SqliteDatabase

NOTICED_SECONDS = 1.0
"""The time after which a running server has noticed a change."""


@pytest.fixture
def provided(database: Database) -> Database:
    """An inventory with an organization and a channel, but no application."""
    with database.provisioning() as provisioning:
        provisioning.add_organization("1001", "Arena")
        provisioning.add_channel("channel", "Channel", ["1001"])
    return database


def moment(text: str) -> datetime:
    """A timestamp of a JSON document."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def assert_soon(text: str, seconds: int) -> None:
    """Check that it is about this many seconds from now."""
    assert abs(moment(text) - datetime.now(UTC) - timedelta(seconds=seconds)).total_seconds() < 60


def assert_secret(text: str) -> None:
    """Check that it can't be guessed and needs no quoting."""
    assert len(text) == 43
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()


def test_organizations(database: Database) -> None:
    added = {"organizationId": "1001", "name": "Café \N{ADMISSION TICKETS}"}
    assert done_here(database, "org", "list") == {"organizations": []}
    assert done_here(database, "org", "add", "1001", "--name", added["name"]) == added
    assert done_here(database, "org", "list") == {"organizations": [added]}
    assert done_here(database, "org", "remove", "1001") == {"organizationId": "1001"}
    assert done_here(database, "org", "list") == {"organizations": []}


def test_channels(database: Database) -> None:
    for organization in ("1001", "1002", "1003"):
        done_here(database, "org", "add", organization, "--name", "Arena")
    added = {"channelCode": "c", "name": "Channel", "organizations": ["1001", "1002"]}
    both = ("--org", "1002", "--org", "1001")
    assert done_here(database, "channel", "add", "c", "--name", "Channel", *both) == added
    assert done_here(database, "channel", "list") == {"channels": [added]}
    granted = {"channelCode": "c", "granted": ["1003"], "already": ["1001"]}
    assert done_here(database, "channel", "grant", "c", "1003", "1001") == granted
    ended = {"channelCode": "c", "ungranted": ["1001", "1002", "1003"], "already": []}
    assert done_here(database, "channel", "ungrant", "c", "1001", "1002", "1003") == ended
    again = {"channelCode": "c", "ungranted": [], "already": ["1001"]}
    assert done_here(database, "channel", "ungrant", "c", "1001") == again
    assert done_here(database, "channel", "list")["channels"][0]["organizations"] == []
    assert done_here(database, "channel", "remove", "c") == {"channelCode": "c"}
    assert done_here(database, "channel", "list") == {"channels": []}


def test_applications(provided: Database) -> None:
    added = done_here(provided, "app", "add", "com.x", "--channel", "channel")
    assert list(added) == ["applicationId", "channelCode", "apiKey", "authorizationCode"]
    assert (added["applicationId"], added["channelCode"]) == ("com.x", "channel")
    listed = {"applicationId": "com.x", "channelCode": "channel", "apiKeys": [{"expiresAt": None}]}
    assert done_here(provided, "app", "list") == {"applications": [listed]}
    rotated = done_here(provided, "app", "rotate-key", "com.x")
    assert list(rotated) == ["applicationId", "apiKey", "oldKeysEnd"]
    assert_soon(rotated["oldKeysEnd"], 86_400)
    listed["apiKeys"] = [{"expiresAt": rotated["oldKeysEnd"]}, {"expiresAt": None}]
    assert done_here(provided, "app", "list") == {"applications": [listed]}
    at_once = done_here(provided, "app", "rotate-key", "com.x", "--overlap", "0")
    assert_soon(at_once["oldKeysEnd"], 0)
    assert len(done_here(provided, "app", "list")["applications"][0]["apiKeys"]) == 1
    authorized = done_here(provided, "app", "authorize", "com.x")
    assert list(authorized) == ["applicationId", "authorizationCode", "expiresAt"]
    assert_soon(authorized["expiresAt"], 86_400)
    secrets = {added["apiKey"], added["authorizationCode"], authorized["authorizationCode"]}
    secrets |= {rotated["apiKey"], at_once["apiKey"]}
    assert len(secrets) == 5
    for secret in secrets:
        assert_secret(secret)
    assert done_here(provided, "app", "revoke", "com.x") == {"applicationId": "com.x"}
    assert done_here(provided, "app", "list") == {"applications": []}


def test_operators(database: Database) -> None:
    added = done_here(database, "operator", "add", "ticketing")
    assert list(added) == ["name", "operatorKey", "role", "organizations", "expiresAt"]
    assert (added["role"], added["organizations"]) == ("box_office", None)
    assert added["name"] == "ticketing"
    assert_secret(added["operatorKey"])
    (listed,) = done_here(database, "operator", "list")["operators"]
    (key,) = listed["keys"]
    assert (listed["name"], listed["role"], key["expiresAt"], key["lastUsedAt"]) == (
        "ticketing",
        "box_office",
        None,
        None,
    )
    assert done_here(database, "operator", "revoke", "ticketing") == {"name": "ticketing"}
    assert done_here(database, "operator", "list") == {"operators": []}


def test_people_are_reported_in_words(database: Database) -> None:
    def said(*arguments: str) -> list[str]:
        result = run_here(database, *arguments)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout.splitlines()

    def says_once(*arguments: str) -> str:
        lines = said(*arguments)
        assert lines[-1].endswith("can't be shown again.")
        return "\n".join(lines)

    for group in ("org", "channel", "app", "operator"):
        assert f"Add one with `seatlatch {group} add`." in said(group, "list")[0]
    assert said("org", "add", "1", "--name", "Arena") == ["Added the organization 1."]
    said("org", "add", "1002", "--name", "Café")
    assert said("org", "list") == ["1     Arena", "1002  Café"]
    assert said("channel", "add", "c", "--name", "C", "--org", "1") == [
        "Added the channel c, which sees the tickets of 1."
    ]
    assert said("channel", "grant", "c", "1", "1002") == [
        "1002: granted.",
        "1: was already granted.",
    ]
    assert said("channel", "list") == ["c  C  1, 1002"]
    assert said("channel", "ungrant", "c", "1002") == ["1002: no longer granted."]
    assert "Authorization code: " in says_once("app", "add", "com.x", "--channel", "c")
    assert "All older keys expire by" in says_once("app", "rotate-key", "com.x")
    assert "valid for one exchange until" in says_once("app", "authorize", "com.x")
    assert said("app", "list")[0].startswith("com.x  c  2 keys: until 20")
    assert "Operator key: " in says_once("operator", "add", "op")
    (line,) = said("operator", "list")
    assert re.fullmatch(
        "op  box_office  all organizations  key [0-9a-f]{12}  no end  never used", line
    )
    assert said("operator", "revoke", "op")[0].startswith("Revoked op")
    assert said("app", "revoke", "com.x")[0].startswith("Revoked com.x")
    assert said("channel", "remove", "c") == ["Removed the channel c."]
    assert said("org", "remove", "1") == ["Removed the organization 1."]


@all_cases(
    ("arguments", "words"),
    [
        ("org add 1001 --name Again", "is there already"),
        ("channel add channel --name Again --org 1001", "is there already"),
        ("channel add new --name New --org 1001 --org 9", "`seatlatch org add`"),
        ("channel grant channel 9", "`seatlatch org add`"),
        ("channel ungrant other 1001", "`seatlatch channel add`"),
        ("app add com.x --channel other", "`seatlatch channel add`"),
        ("app rotate-key com.x", "`seatlatch app add`"),
        ("app authorize com.x", "`seatlatch app add`"),
        ("app revoke com.x", "`seatlatch app add`"),
        ("operator revoke op", "`seatlatch operator add`"),
        ("org remove 1001", "`seatlatch channel ungrant`"),
    ],
)
def test_what_can_not_be_done_exits_1_with_a_sentence(
    provided: Database, arguments: str, words: str
) -> None:
    result = run_here(provided, *arguments.split(), "--json")
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert_one_sentence(result.stderr)


@ON_SQLITE
@all_cases(
    ("arguments", "words"),
    [
        (["org", "add", "a b", "--name", "N"], "organization id"),
        (["org", "add", "\N{ADMISSION TICKETS}", "--name", "N"], "organization id"),
        (["org", "add", "x" * 101, "--name", "N"], "organization id"),
        (["org", "add", "\udcff", "--name", "N"], "organization id"),
        (["org", "add", "", "--name", "N"], "organization id"),
        (["org", "add", "9", "--name", ""], "The name must not be empty"),
        (["org", "add", "9", "--name", "a\x1b[31m"], "control character"),
        (["org", "add", "9", "--name", "\udcff"], "not text"),
        (["org", "add", "9"], "Missing option '--name'"),
        (["org", "add", "--name", "N"], "Missing argument"),
        (["org", "add", "9", "10", "--name", "N"], "unexpected extra argument"),
        (["org", "drop", "9"], "No such command"),
        (["channel", "add", "c", "--name", "N"], "Missing option '--org'"),
        (["channel", "grant", "channel"], "Missing argument"),
        (["app", "add", "com.x"], "Missing option '--channel'"),
        (["app", "rotate-key", "com.x", "--overlap", "-1"], "--overlap"),
        (["app", "rotate-key", "com.x", "--overlap", "31536001"], "--overlap"),
        (["app", "rotate-key", "com.x", "--overlap", "9" * 5000], "--overlap"),
        (["app", "rotate-key", "com.x", "--overlap", "soon"], "--overlap"),
        (["app", "rotate-key", "com.x", "--overlap", "1.5"], "--overlap"),
        (["operator", "add", "a\tb"], "operator name"),
        (["operator", "list", "--database", "x.db"], "--database"),
    ],
)
def test_wrong_usage_exits_2_with_a_sentence(
    database: Database, arguments: list[str], words: str
) -> None:
    result = run_here(database, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr
    assert_one_sentence(result.stderr)


@all_cases("group", ["org", "channel", "app", "operator", "tickets"])
def test_a_group_without_a_command_shows_its_help(group: str) -> None:
    result = run_within(group)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Usage: seatlatch {group} ")
    assert "Commands:" in result.stderr


def test_without_a_database_it_says_how_to_make_one(tmp_path: Path) -> None:
    result = run_on(
        SqliteDatabase(tmp_path / "missing.db"), "org", "add", "1001", "--name", "Arena"
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "Create one with `seatlatch migrate`" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_begins_with_a_dash_comes_after_two(database: Database) -> None:
    assert run_on(database, "org", "add", "--name", "Dash", "--", "-x").returncode == 0
    assert done_here(database, "org", "list")["organizations"] == [
        {"organizationId": "-x", "name": "Dash"}
    ]

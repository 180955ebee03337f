"""Identifiers and names of every kind, as they may be typed for a change of access."""

from collections.abc import Iterator

import pytest

from seatlatch.domain.operator import Operator, Role
from seatlatch.operations.applications import (
    add_application,
    authorize,
    revoke_application,
    rotate_key,
)
from seatlatch.operations.channels import add_channel, grant, ungrant
from seatlatch.operations.operators import add_operator, revoke_operator
from seatlatch.operations.organizations import add_organization, remove_organization
from seatlatch.store.access import ChannelEntry
from tests.cases import all_cases
from tests.databases import Database
from tests.operations.access_fixtures import CODE_SECONDS, Access, at, invalid, with_application

LONGEST = "x" * 100
IDENTIFIERS = ["1", "a", "!", "~", "-x", "com.mycompany.myapp", LONGEST]
NOT_IDENTIFIERS = {
    "empty": "",
    "space": "a b",
    "only a space": " ",
    "newline": "a\n",
    "tab": "a\t",
    "NUL": "a\0",
    "delete": "a\x7f",
    "separator": "a\x1f",
    "letter beyond ASCII": "é",
    "emoji": "\N{ADMISSION TICKETS}",
    "half of a pair": "\udcff",
    "too long": LONGEST + "x",
    "far too long": "x" * 100_000,
}
NAMES = ["A", "The box office", "Café \N{ADMISSION TICKETS}", "x" * 200, "it's; DROP TABLE tickets"]
NOT_NAMES = {
    "empty": "",
    "blank": "  ",
    "newline": "a\nb",
    "escape": "\x1b[31m",
    "NUL": "a\0",
    "C1 control": "a\x9b31m",
    "line separator": "a\u2028b",
    "half of a pair": "a\udcff",
    "too long": "x" * 201,
}


@pytest.fixture
def access(database: Database) -> Iterator[Access]:
    """An inventory with two organizations, a channel and its application."""
    with with_application(database) as made:
        yield made


@pytest.mark.parametrize("good", IDENTIFIERS)
def test_good_identifiers(database: Database, good: str) -> None:
    with at(database) as access:
        access.do(add_organization, good, "Name")
        access.do(add_channel, good, "Name", [good])
        access.do(add_application, good, good, CODE_SECONDS)
        access.do(add_operator, good)
    with at(database) as access:
        assert access.organizations() == {good: "Name"}
        assert access.channels() == [ChannelEntry(good, "Name", (good,))]
        assert [entry.application_id for entry in access.applications()] == [good]
        assert [entry.operator.name for entry in access.operators()] == [good]


@all_cases("bad", NOT_IDENTIFIERS.values(), ids=NOT_IDENTIFIERS)
def test_bad_identifiers(access: Access, bad: str) -> None:
    what = "1 to 100 visible ASCII characters"
    with invalid(access, "organization id", what):
        access.do(add_organization, bad, "Name")
    with invalid(access, "channel code", what):
        access.do(add_channel, bad, "Name", ["1001"])
    with invalid(access, "organization", what):
        access.do(add_channel, "new", "Name", ["1001", bad])
    with invalid(access, "application id", what):
        access.do(add_application, bad, "channel", 1)
    with invalid(access, "channel code", what):
        access.do(add_application, "new", bad, 1)
    with invalid(access, "operator name", what):
        access.do(add_operator, bad)


def test_an_invisible_end_of_an_identifier_is_named(access: Access) -> None:
    named = "It ends with whitespace, U+00A0 (NO-BREAK SPACE); remove it."
    with invalid(access, named):
        access.do(add_organization, "1001\u00a0", "Name")
    named = "It starts with an invisible character, U+200B (ZERO WIDTH SPACE); remove it."
    with invalid(access, named):
        access.do(add_channel, "\u200bnew", "Name", ["1001"])


@all_cases("bad", NOT_IDENTIFIERS.values(), ids=NOT_IDENTIFIERS)
def test_bad_identifiers_of_what_is_to_be_changed(access: Access, bad: str) -> None:
    what = "1 to 100 visible ASCII characters"
    with invalid(access, what):
        access.do(remove_organization, bad)
    with invalid(access, what):
        access.remove_channel(bad)
    with invalid(access, what):
        access.do(grant, bad, ["1001"])
    with invalid(access, what):
        access.do(grant, "channel", ["1002", bad])
    with invalid(access, what):
        access.do(ungrant, bad, ["1001"])
    with invalid(access, what):
        access.do(ungrant, "channel", ["1001", bad])
    with invalid(access, what):
        access.do(rotate_key, bad, 0)
    with invalid(access, what):
        access.do(authorize, bad, 1)
    with invalid(access, what):
        access.do(revoke_application, bad)
    with invalid(access, what):
        access.do(revoke_operator, bad)


def test_what_was_added_by_other_means_can_be_removed_whatever_it_is_called(
    database: Database,
) -> None:
    with database.provisioning() as provisioning:
        provisioning.add_organization("box office", "Name")
        provisioning.add_operator(Operator("två", Role.READ))
    with at(database) as access:
        access.do(remove_organization, "box office")
        access.do(revoke_operator, "två")
        assert access.state() == [{}, [], [], []]


@pytest.mark.parametrize("good", NAMES, ids=range(len(NAMES)))
def test_good_names(database: Database, good: str) -> None:
    with at(database) as access:
        access.do(add_organization, "1001", good)
        access.do(add_channel, "channel", good, ["1001"])
    with at(database) as access:
        assert access.organizations() == {"1001": good}
        assert access.channels()[0].name == good


@all_cases("bad", NOT_NAMES.values(), ids=NOT_NAMES)
def test_bad_names(access: Access, bad: str) -> None:
    with invalid(access, "The name", "1 to 200"):
        access.do(add_organization, "new", bad)
    with invalid(access, "The name", "1 to 200"):
        access.do(add_channel, "new", bad, ["1001"])

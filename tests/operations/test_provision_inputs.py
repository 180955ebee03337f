"""What may be typed when callers are let in: identifiers and names of every kind."""

from collections.abc import Iterator

import pytest

from seatlatch.operations.provision import (
    add_application,
    add_channel,
    add_operator,
    add_organization,
    authorize,
    grant,
    remove_channel,
    remove_organization,
    revoke_application,
    revoke_operator,
    rotate_key,
    ungrant,
)
from seatlatch.store.provisioning import ChannelEntry, Provisioning
from tests.databases import Database
from tests.operations.letting_in import CODE_SECONDS, at, at_work, invalid, state

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


def each(cases: dict[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("bad", cases.values(), ids=cases.keys())


@pytest.fixture
def opened(database: Database) -> Iterator[Provisioning]:
    """A transaction on an inventory with two organizations, a channel and its application."""
    with at_work(database) as made:
        yield made


@pytest.mark.parametrize("good", IDENTIFIERS)
def test_good_identifiers(database: Database, good: str) -> None:
    with at(database) as opened:
        add_organization(opened, good, "Name")
        add_channel(opened, good, "Name", [good])
        add_application(opened, good, good, CODE_SECONDS)
        add_operator(opened, good)
    with at(database) as opened:
        assert opened.organizations() == {good: "Name"}
        assert opened.channels() == [ChannelEntry(good, "Name", (good,))]
        assert [entry.application_id for entry in opened.applications()] == [good]
        assert opened.operators() == [good]


@each(NOT_IDENTIFIERS)
def test_bad_identifiers(opened: Provisioning, bad: str) -> None:
    what = "1 to 100 visible ASCII characters"
    invalid(opened, lambda: add_organization(opened, bad, "Name"), "organization id", what)
    invalid(opened, lambda: add_channel(opened, bad, "Name", ["1001"]), "channel code", what)
    invalid(opened, lambda: add_channel(opened, "new", "Name", ["1001", bad]), "organization", what)
    invalid(opened, lambda: add_application(opened, bad, "channel", 1), "application id", what)
    invalid(opened, lambda: add_application(opened, "new", bad, 1), "channel code", what)
    invalid(opened, lambda: add_operator(opened, bad), "operator name", what)


def test_an_invisible_end_of_an_identifier_is_named(opened: Provisioning) -> None:
    named = "It ends with whitespace, U+00A0 (NO-BREAK SPACE); remove it."
    invalid(opened, lambda: add_organization(opened, "1001\u00a0", "Name"), named)
    named = "It starts with an invisible character, U+200B (ZERO WIDTH SPACE); remove it."
    invalid(opened, lambda: add_channel(opened, "\u200bnew", "Name", ["1001"]), named)


@each(NOT_IDENTIFIERS)
def test_bad_identifiers_of_what_is_to_be_changed(opened: Provisioning, bad: str) -> None:
    for do in (
        lambda: remove_organization(opened, bad),
        lambda: remove_channel(opened, bad),
        lambda: grant(opened, bad, ["1001"]),
        lambda: grant(opened, "channel", ["1002", bad]),
        lambda: ungrant(opened, bad, ["1001"]),
        lambda: ungrant(opened, "channel", ["1001", bad]),
        lambda: rotate_key(opened, bad, 0),
        lambda: authorize(opened, bad, 1),
        lambda: revoke_application(opened, bad),
        lambda: revoke_operator(opened, bad),
    ):
        invalid(opened, do, "1 to 100 visible ASCII characters")


def test_what_was_added_by_other_means_can_be_removed_whatever_it_is_called(
    database: Database,
) -> None:
    with at(database) as opened:
        opened.add_organization("box office", "Name")
        opened.add_operator("två", b"hash")
        remove_organization(opened, "box office")
        revoke_operator(opened, "två")
        assert state(opened) == [{}, [], [], []]


@pytest.mark.parametrize("good", NAMES, ids=range(len(NAMES)))
def test_good_names(database: Database, good: str) -> None:
    with at(database) as opened:
        add_organization(opened, "1001", good)
        add_channel(opened, "channel", good, ["1001"])
    with at(database) as opened:
        assert opened.organizations() == {"1001": good}
        assert opened.channels()[0].name == good


@each(NOT_NAMES)
def test_bad_names(opened: Provisioning, bad: str) -> None:
    invalid(opened, lambda: add_organization(opened, "new", bad), "The name", "1 to 200")
    invalid(opened, lambda: add_channel(opened, "new", bad, ["1001"]), "The name", "1 to 200")

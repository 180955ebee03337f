"""A test of all cases runs every one, and reports every one that fails with its inputs."""

import pytest

from tests.cases import FailedCases, all_cases


def failures(test: object) -> list[str]:
    """What a decorated test reports."""
    assert callable(test)
    with pytest.raises(FailedCases) as raised:
        test()
    return [line.split(":")[0] for line in raised.value.found]


def test_all_that_fail_are_reported_and_all_are_run() -> None:
    ran: list[int] = []

    @all_cases("number", range(4))
    def odd_is_wrong(number: int) -> None:
        ran.append(number)
        assert number % 2 == 0, "odd"

    assert failures(odd_is_wrong) == ["1", "3"]
    assert ran == [0, 1, 2, 3]


def test_stacked_every_combination_is_run() -> None:
    ran: list[tuple[str, int, int]] = []

    @all_cases("letter", "ab")
    @all_cases(("one", "other"), [(1, 2), (3, 4)], ids=["first", "second"])
    def wrong(letter: str, one: int, other: int) -> None:
        ran.append((letter, one, other))
        if one == 3:
            raise ValueError

    assert failures(wrong) == ["'a', second", "'b', second"]
    assert ran == [("a", 1, 2), ("a", 3, 4), ("b", 1, 2), ("b", 3, 4)]


def test_an_exception_that_did_not_come_is_reported_too() -> None:
    @all_cases("text", ["1", "x"])
    def is_refused(text: str) -> None:
        with pytest.raises(ValueError, match="invalid"):
            int(text)

    assert failures(is_refused) == ["'1'"]


def test_no_cases_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match="no cases"):
        all_cases("number", [])


@all_cases("number", [1, 2])
def test_fixtures_are_given_beside_the_cases(number: int, request: pytest.FixtureRequest) -> None:
    assert request.node.name == "test_fixtures_are_given_beside_the_cases"
    assert number in (1, 2)

"""All cases of a rule in one test, which reports every case that fails with its inputs."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from traceback import extract_tb
from typing import Any

import pytest

Test = Callable[..., None]

FAILURES = (Exception, pytest.fail.Exception)
SHOWN_CHARACTERS_MAX = 300


class FailedCases(AssertionError):
    """The cases that failed: the inputs of each, where it failed, and why."""

    def __init__(self, found: Sequence[str]) -> None:
        super().__init__("\n".join([f"{len(found)} failed:", *found]))
        self.found = found


def all_cases(
    names: str | Sequence[str],
    cases: Iterable[Any],
    ids: Iterable[str] | Callable[[Any], str] | None = None,
) -> Callable[[Test], Test]:
    """Run a test for each of the cases, given as to `pytest.mark.parametrize`, but as one test.

    The cases share the test's fixtures, so no case may change what the next one needs. Stacked
    decorators run every combination. `ids` name the cases, in place of their inputs.
    """
    arguments = names.replace(",", " ").split() if isinstance(names, str) else list(names)
    rows = list(cases)
    labels = _labels(rows, ids)
    one = isinstance(names, str) and len(arguments) == 1
    inputs = [dict(zip(arguments, [row] if one else row, strict=True)) for row in rows]
    assert inputs, "no cases"

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)
        others = [each for name, each in signature.parameters.items() if name not in arguments]

        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            found: list[str] = []
            for label, values in zip(labels, inputs, strict=True):
                try:
                    test(**fixtures, **values)
                except FailedCases as error:
                    found += [f"{label}, {each}" for each in error.found]
                except FAILURES as error:
                    found.append(f"{label}: {_reason(error)}")
            if found:
                raise FailedCases(found)

        run.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return run

    return decorate


def _labels(rows: Sequence[Any], ids: Iterable[str] | Callable[[Any], str] | None) -> Sequence[str]:
    if ids is None:
        return [repr(row)[:SHOWN_CHARACTERS_MAX] for row in rows]
    return [ids(row) for row in rows] if callable(ids) else list(ids)


def _reason(error: BaseException) -> str:
    place = extract_tb(error.__traceback__)[-1]
    return f"line {place.lineno} of {place.filename}: {type(error).__name__}: {error}"

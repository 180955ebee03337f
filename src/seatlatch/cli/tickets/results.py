"""The results of a command that changes tickets: what is printed, and the file with all of them."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from seatlatch.cli.tickets.descriptions import Description, description_of
from seatlatch.cli.tickets.file import FORMATS, FileFormat
from seatlatch.domain.outcome import TicketResult
from seatlatch.domain.refusal import InvalidRequest

LINES_MAX = 20
"""Up to this many tickets have a line each; more are summed up."""

COLUMNS = ("token", "outcome", "message")


class Results:
    """The result of each ticket, in the order in which they were named or found; None = the
    database has not confirmed it.
    """

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        self._by_token: dict[str, TicketResult | None] = dict.fromkeys(tokens)

    def add(self, results: Iterable[TicketResult]) -> None:
        """Add results. A later result of a ticket replaces an earlier one."""
        self._by_token.update((result.token, result) for result in results)

    @property
    def has_any(self) -> bool:
        """Whether the database has confirmed anything."""
        return any(self._by_token.values())

    def rows(self) -> Iterator[tuple[str, Description]]:
        """Each ticket with the description of its outcome."""
        for token, result in self._by_token.items():
            yield token, description_of(result and result.outcome)

    def count_failed(self) -> tuple[int, int]:
        """The number of tickets that failed, and of all tickets."""
        return sum(described.is_failure for _, described in self.rows()), len(self._by_token)

    def document(self, request_id: str) -> dict[str, object]:
        """The results as JSON."""
        results = self._by_token
        success = [
            {"token": token, "ownerId": result.owner_id, "outcome": described.outcome}
            for token, described in self.rows()
            if not described.is_failure and (result := results[token])
        ]
        failure = [
            {"token": token, "outcome": outcome, "developerMessage": message}
            for token, (outcome, message, is_failure) in self.rows()
            if is_failure
        ]
        return {"requestId": request_id, "success": success, "failure": failure}

    def lines(self, file: Path | None) -> Iterable[str]:
        """The results for people; `file`: the one with all results."""
        rows = list(self.rows())
        if not rows:
            return ["No ticket matches."]
        if len(rows) <= LINES_MAX:
            return [f"{token}: {described.message}" for token, described in rows]
        return _summary(rows, file)


class ResultsFile:
    """A new file for the results of all tickets, CSV or NDJSON by its ending."""

    def __init__(self, path: Path) -> None:
        """Create the file. Raises `InvalidRequest`."""
        found = FORMATS.get(path.suffix.lower())
        if found is None:
            raise InvalidRequest(f"{path} must end in .csv or .ndjson: that decides its format.")
        self._format = found
        self._path = path
        try:
            self._file: TextIO = path.open("x", encoding="utf-8", newline="")
        except FileExistsError:
            raise InvalidRequest(f"{path} exists already. Use the name of a new file.") from None
        except OSError as error:
            raise InvalidRequest(f"Can't create {path} ({error.strerror}).") from None

    def write(self, results: Results) -> str | None:
        """Write all results and close the file; returns a problem, None = all are written."""
        rows = ((token, outcome, message) for token, (outcome, message, _) in results.rows())
        try:
            with self._file as file:
                if self._format is FileFormat.CSV:
                    writer = csv.writer(file)
                    writer.writerow(COLUMNS)
                    writer.writerows(rows)
                else:
                    for row in rows:
                        line = dict(zip(COLUMNS, row, strict=True))
                        file.write(msgspec.json.encode(line).decode() + "\n")
        except OSError as error:
            return f"The results are not all in {self._path} ({error.strerror})."
        return None

    def remove(self) -> None:
        """Remove the file, if there are no results."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _summary(rows: Sequence[tuple[str, Description]], file: Path | None) -> Iterator[str]:
    """The number of tickets by outcome, and one ticket of each kind of failure."""
    counts = Counter(described for _, described in rows).most_common()
    yield f"{', '.join(f'{count:,} {_words(described)}' for described, count in counts)}."
    for described, count in counts:
        if described.is_failure:
            first = next(token for token, found in rows if found == described)
            which = first if count == 1 else f"{count:,} {_words(described)}, such as {first}"
            yield f"{which}: {described.message}"
    if file:
        yield f"The outcome of each ticket is in {file}."
    elif any(described.is_failure for described, _ in counts):
        yield "Pass --results FILE to get the outcome of each ticket."


def _words(described: Description) -> str:
    return described.outcome.replace("_", " ")

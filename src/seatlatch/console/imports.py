"""The page that imports a CSV file of tickets, which the browser sends in portions.

See decision 184.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.forms import Upload
from seatlatch.console.pages import Pages
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.domain.ticket import TicketRecord
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.import_files.csv_header import COLUMNS, DELIMITERS
from seatlatch.import_files.portions import LINES_MAX, Portion
from seatlatch.operations.preview_put import preview_put
from seatlatch.operations.put_tickets import put_tickets
from seatlatch.presentation.ticket_results import count_outcomes
from seatlatch.store.importing import BadLine, foreign_ticket
from seatlatch.store.interface import Store

IMPORT = CONSOLE + "/import"
LOOK = IMPORT + "/look"
CHECK = IMPORT + "/check"
RUN = IMPORT + "/run"

PORTION_BYTES_MAX = 1024 * 1024
LOOKED_LINES_MAX = 10
AT_ONCE_LINES = 100
PAUSE_SECONDS = 0.002
"""After parsing this many lines, other requests run at least for this long."""

Lines = Sequence[tuple[int, TicketRecord]]


class PortionFields(Struct, rename="camel"):
    """The query of a portion. `first_line`: the number of its first line after the header; absent =
    it follows the header.
    """

    organization_id: str
    first_line: Annotated[int, Meta(ge=2, le=1_000_000_000)] | None = None
    as_is: bool = False


class ShownProblem(Struct):
    """A line that can't be imported."""

    line: int
    column: str | None
    problem: str


class ShownLine(Struct):
    """One of the first lines, with a value for each column of the file."""

    line: int
    values: list[str]


class Looked(Struct, rename="camel"):
    """The beginning of a file."""

    columns: list[str]
    delimiter: str
    header_lines: int
    lines: list[ShownLine]
    bad: list[ShownProblem]


class Checked(Struct, rename="camel"):
    """The result of a dry run. `good`: the line, the token and the outcome of each good line.

    `other_columns_follow`: all lines after this portion are bad.
    """

    good: list[tuple[int, str, Outcome]]
    bad: list[ShownProblem]
    other_columns_follow: bool


class Imported(Struct):
    """The result of a portion that was stored: numbers of tickets, and the lines that were not."""

    added: int
    updated: int
    unchanged: int
    bad: list[ShownProblem]


class Imports:
    """The handlers of the page and of a file's portions."""

    def __init__(self, pages: Pages, committer: Committer, store: Store) -> None:
        self._pages = pages
        self._committer = committer
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            self._pages.page(IMPORT, Role.BOX_OFFICE, self.show),
            self._upload(LOOK, self.look),
            self._upload(CHECK, self.check),
            self._upload(RUN, self.run),
        ]

    def _upload(self, path: str, handler: Any) -> ApiRoute:
        return self._pages.upload(
            path, Role.BOX_OFFICE, PortionFields, handler, bytes_max=PORTION_BYTES_MAX
        )

    async def show(self, call: Call[Viewer, None]) -> Response:
        """`GET /console/import`: choose a file."""
        organizations = await self._organizations(call.caller.operator)
        return self._pages.render(
            call, "import.html", organizations=organizations, lines_max=LINES_MAX
        )

    async def look(self, call: Call[Viewer, Upload[PortionFields]]) -> Response:
        """The columns and the first lines of a file."""
        portion = await self._portion(call)
        columns = [name for name in COLUMNS if name in portion.head.header.columns]
        lines: list[ShownLine] = []
        bad: list[ShownProblem] = []
        for number, found in portion.lines():
            if isinstance(found, BadLine):
                bad.append(_shown(found))
            else:
                fields = found._asdict()
                lines.append(ShownLine(number, [fields[name] or "" for name in columns]))
            if len(lines) + len(bad) == LOOKED_LINES_MAX:
                break
        delimiter = DELIMITERS[portion.head.header.delimiter]
        return self._pages.data(Looked(columns, delimiter, portion.head.lines, lines, bad))

    async def check(self, call: Call[Viewer, Upload[PortionFields]]) -> Response:
        """Check a portion, and compare it with the inventory."""
        portion = await self._portion(call)
        good, bad = await _divided(portion)
        records = [record for _, record in good]
        results = await preview_put(self._store, records, call.caller.operator.organizations)
        checked: list[tuple[int, str, Outcome]] = []
        for (number, record), result in zip(good, results, strict=True):
            if result.outcome in SUCCESSES:
                checked.append((number, record.token, result.outcome))
            else:
                bad.append(_refused(number, record, result))
        return self._pages.data(Checked(checked, _sorted(bad), portion.other_columns_follow))

    async def run(self, call: Call[Viewer, Upload[PortionFields]]) -> Response:
        """Store the good lines of a portion. Each of them is durable when this responds."""
        good, bad = await _divided(await self._portion(call))
        records = [record for _, record in good]
        call.context.tokens = [record.token for record in records]
        results = await put_tickets(self._committer, records, call.caller.operator.organizations)
        counts = call.context.outcomes = count_outcomes(results)
        bad += (
            _refused(number, record, result)
            for (number, record), result in zip(good, results, strict=True)
            if result.outcome not in SUCCESSES
        )
        stored = Imported(
            counts.get(Outcome.ADDED, 0),
            counts.get(Outcome.UPDATED, 0),
            counts.get(Outcome.UNCHANGED, 0),
            _sorted(bad),
        )
        return self._pages.data(stored)

    async def _organizations(self, operator: Operator) -> dict[str, str]:
        """The organizations that the operator may see, with their names."""
        found = await self._store.read(lambda snapshot: snapshot.access.organizations())
        return {one: name for one, name in found.items() if operator.may_see(one)}

    async def _portion(self, call: Call[Viewer, Upload[PortionFields]]) -> Portion:
        """The portion that was sent. Raises `InvalidRequest`."""
        fields, content = call.input
        if fields.organization_id not in await self._organizations(call.caller.operator):
            raise InvalidRequest("There is no such organization. Load the page again.")
        try:
            return Portion(content, fields.organization_id, fields.first_line, as_is=fields.as_is)
        except NotDone as refusal:
            raise InvalidRequest(refusal.message) from None


async def _divided(portion: Portion) -> tuple[Lines, list[BadLine]]:
    """The good lines and the bad ones."""
    good: list[tuple[int, TicketRecord]] = []
    bad: list[BadLine] = []
    for number, found in portion.lines():
        if isinstance(found, BadLine):
            bad.append(found)
        else:
            good.append((number, found))
        if (len(good) + len(bad)) % AT_ONCE_LINES == 0:
            await asyncio.sleep(PAUSE_SECONDS)
    return good, bad


def _refused(number: int, record: TicketRecord, result: TicketResult) -> BadLine:
    """The problem with a line whose ticket can't be stored."""
    if result.outcome is Outcome.OTHER_ORGANIZATION:
        return foreign_ticket(number)
    if result.outcome is Outcome.UNKNOWN_ORGANIZATION:
        return BadLine(number, None, f"the organization {record.organization_id} was removed")
    return BadLine(number, "token", "can't be used: choose another token")


def _sorted(bad: Sequence[BadLine]) -> list[ShownProblem]:
    return [_shown(one) for one in sorted(bad, key=lambda one: one.line)]


def _shown(bad: BadLine) -> ShownProblem:
    return ShownProblem(bad.line, bad.column, bad.problem)

"""The page of the journal: its verifications, its heads as an anchor, and an export of a period.

A browser asks for a verification and for an export portion by portion. It carries the run of a
verification in between, sealed, so that any process can continue it and nobody can write one.

See decision 182.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.pages import Pages
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer
from seatlatch.domain.operator import Role
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.timestamp import read_timestamp
from seatlatch.domain.verification import Verification
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.http.sealing import NotSealed, Seal
from seatlatch.operations.export_journal import export_portion
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.journal_heads import HeadFault, find_head_faults
from seatlatch.operations.list_requests import RequestFilter
from seatlatch.operations.record_verification import DUE_AFTER_SECONDS, record_verification
from seatlatch.operations.verification_run import Run, begin_run, continue_run, count_entries
from seatlatch.operations.verify_journal import Anchor, take_anchor
from seatlatch.presentation.anchors import anchor_text, read_anchor
from seatlatch.presentation.journal_export import ExportFormat, exported
from seatlatch.store.interface import Snapshot, Store

JOURNAL = CONSOLE + "/journal"
PAGE_ROWS = 10
"""The most verifications on the page."""

SHOWN_ROWS_MAX = 50
"""The most heads on the page. An anchor has all."""

RUN = b"verification"
"""The kind of a sealed text."""

Number = Annotated[int, Meta(ge=0, le=2**36 - 1)]


class VerifyForm(Struct):
    """`run`: what the portion before has returned; empty = begin. `anchor`: to compare with."""

    run: str = ""
    anchor: str = ""


class VerifiedPortion(Struct, rename="camel"):
    """The progress of a verification. `run`: to be sent for the next portion; null = that was the
    last one.
    """

    entries: int
    total: int
    damaged_chains: int
    run: str | None


class ExportQuery(Struct):
    """The requests from `since` on and before `until`. `after`: the `next` of another portion."""

    format: ExportFormat
    since: str = ""
    until: str = ""
    after: str = ""


class ExportedPortion(Struct):
    """A part of a file. `next`: the value of `after` for the next part; null = that was all."""

    text: str
    entries: int
    next: str | None


class Overview(NamedTuple):
    """The state of the journal as the page shows it."""

    verifications: Sequence[Verification]
    is_due: bool
    anchor: Anchor
    faults: Sequence[HeadFault]
    entries: int


class JournalPages:
    """The handlers of the page of the journal."""

    def __init__(
        self, pages: Pages, committer: Committer, store: Store, alarm: JournalAlarm
    ) -> None:
        self._pages = pages
        self._committer = committer
        self._store = store
        self._alarm = alarm

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page = partial(self._pages.page, needs_all_organizations=True)
        return [
            page(JOURNAL, Role.READ, self.show),
            page(JOURNAL + "/anchor", Role.READ, self.anchor),
            page(JOURNAL + "/entries", Role.READ, self.export, query=ExportQuery, is_polled=True),
            self._pages.action(
                JOURNAL + "/verify",
                Role.SUPPORT,
                VerifyForm,
                self.verify,
                needs_all_organizations=True,
            ),
        ]

    async def show(self, call: Call[Viewer, None]) -> Response:
        """`GET /console/journal`: when it was verified, and its heads."""
        overview = await self._store.read(_overview)
        self._alarm.heads(map(str, overview.faults))
        return self._pages.render(
            call, "journal.html", **overview._asdict(), shown_rows_max=SHOWN_ROWS_MAX
        )

    async def anchor(self, _call: Call[Viewer, None]) -> Response:
        """`GET /console/journal/anchor`: the heads of the journal as a file."""
        taken = await self._store.read(take_anchor)
        response = self._pages.data(anchor_text(taken))
        name = f"anchor-{taken.timestamp:%Y-%m-%dT%H%M%SZ}.json"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    async def verify(self, call: Call[Viewer, VerifyForm]) -> Response:
        """`POST /console/journal/verify`: verify a portion. The last one records the result."""
        form, name = call.input, call.caller.operator.name
        if form.run:
            run = await self._unsealed(form.run, name)
        else:
            anchor = read_anchor("This text", form.anchor.encode()) if form.anchor else None
            run = await begin_run(self._store, name, anchor)
        run = await continue_run(self._store, run)
        if run.place is None:
            self._alarm.tampered(run.tampered)
            await record_verification(self._committer, run.result)
        total = await self._store.read(count_entries)
        sealed = None if run.place is None else await self._sealed(run)
        portion = VerifiedPortion(run.entries, total, run.damaged_chains, sealed)
        return self._pages.data(portion)

    async def export(self, call: Call[Viewer, ExportQuery]) -> Response:
        """`GET /console/journal/entries`: a part of a file of requests, the newest first."""
        query = call.input
        wanted = RequestFilter(
            since=read_timestamp("field since", query.since) if query.since else None,
            until=read_timestamp("field until", query.until) if query.until else None,
        )
        if wanted.since and wanted.until and wanted.since >= wanted.until:
            raise InvalidRequest("The period ends before it begins. Swap the two times.")
        period = [query.format, query.since, query.until]
        position = place_in(query.after, dict[Number, Number], period) if query.after else None
        found = await export_portion(self._store, wanted, position)
        self._alarm.entries(found.entries)
        text = await exported(found.entries, query.format, is_first=position is None)
        rest = None if found.position is None else bound_cursor(dict(found.position), period)
        return self._pages.data(ExportedPortion(text, len(found.entries), rest))

    async def _sealed(self, run: Run) -> str:
        seal, bound = await self._store.read(partial(_seal, name=run.actor))
        return seal.close(msgspec.json.encode(run), bound)

    async def _unsealed(self, text: str, name: str) -> Run:
        """The run in a sealed text of this person. Raises `InvalidRequest`."""
        seal, bound = await self._store.read(partial(_seal, name=name))
        try:
            return msgspec.json.decode(seal.open(text, bound), type=Run)
        except (NotSealed, msgspec.DecodeError):
            raise InvalidRequest("This verification can't be continued. Begin another.") from None


async def _overview(snapshot: Snapshot) -> Overview:
    verifications = await snapshot.verifications.latest(PAGE_ROWS)
    now = await snapshot.now()
    due_at = now - timedelta(seconds=DUE_AFTER_SECONDS)
    return Overview(
        verifications,
        not verifications or verifications[0].finished_at < due_at,
        await take_anchor(snapshot),
        await find_head_faults(snapshot),
        await count_entries(snapshot),
    )


async def _seal(snapshot: Snapshot, name: str) -> tuple[Seal, list[bytes]]:
    """The seal of runs, and what they are bound to: their journal and their person."""
    key = await snapshot.journal.read_cursor_key()
    journal_key = await snapshot.journal.read_key()
    return Seal(key.key), [RUN, journal_key.encode(), name.encode()]

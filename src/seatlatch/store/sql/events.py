"""Events: reading them, listing those that only tickets name, counting tickets, and changing them.

See decisions 148 and 149.
"""

from collections.abc import Collection, Mapping, Sequence

from seatlatch.domain.performance import Event, EventKey, TicketCounts
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.store.events import ChangedEvent, CountedPortion, EventSeat
from seatlatch.store.sql.executor import Executor, Row, optional_timestamp
from seatlatch.store.sql.ticket_filters import IS_HELD

EVENT = ", ".join(Event._fields)
FIND = f"""
SELECT {EVENT} FROM seatlatch.events
WHERE organization_id = ANY (:organization_ids) AND access_id = ANY (:access_ids)
"""
LAST_CHANGE = "SELECT change_number FROM seatlatch.event_changes"
CHANGED_AFTER = f"""
SELECT {EVENT}, change_number, request_id FROM seatlatch.events
WHERE change_number > :change_number AND organization_id = ANY (:organization_ids)
ORDER BY change_number LIMIT :limit
"""

HAS_EVENTS = """
(EXISTS (SELECT 1 FROM seatlatch.tickets AS t WHERE t.organization_id = o.organization_id)
 OR EXISTS (SELECT 1 FROM seatlatch.events AS e WHERE e.organization_id = o.organization_id))
"""
HAS_EVENT = """
(EXISTS (SELECT 1 FROM seatlatch.tickets AS t
         WHERE t.organization_id = o.organization_id AND coalesce(t.access_id, '') = :access_id)
 OR EXISTS (SELECT 1 FROM seatlatch.events AS e
            WHERE e.organization_id = o.organization_id AND e.access_id = :access_id))
"""
ONE_HAS_EVENTS, ONE_HAS_EVENT = (
    f"SELECT {has.replace('o.organization_id', ':organization_id')}"
    for has in (HAS_EVENTS, HAS_EVENT)
)
ALL_ORGANIZATIONS = """
SELECT organization_id FROM seatlatch.organizations
WHERE organization_id >= :first ORDER BY organization_id
"""
ORGANIZATIONS = """
SELECT o.organization_id FROM seatlatch.organizations AS o
WHERE o.organization_id >= :first AND {conditions}
ORDER BY o.organization_id LIMIT :limit
"""
AMONG = "o.organization_id = ANY (:among)"

EVENTS_AFTER = """
SELECT access_id FROM seatlatch.events
WHERE organization_id = :organization_id AND access_id > :after
ORDER BY access_id LIMIT :limit
"""
NAMED_BY_TICKETS = """
WITH RECURSIVE named (access_id) AS (
  SELECT (SELECT coalesce(t.access_id, '') FROM seatlatch.tickets AS t
          WHERE t.organization_id = :organization_id AND coalesce(t.access_id, '') {follows} :after
          ORDER BY coalesce(t.access_id, ''), t.token LIMIT 1)
  UNION ALL
  SELECT (SELECT coalesce(t.access_id, '') FROM seatlatch.tickets AS t
          WHERE t.organization_id = :organization_id
            AND coalesce(t.access_id, '') > named.access_id
          ORDER BY coalesce(t.access_id, ''), t.token LIMIT 1)
  FROM named WHERE named.access_id IS NOT NULL)
SELECT access_id FROM named WHERE access_id IS NOT NULL LIMIT :limit
"""
"""One seek in the index of events for each access id, however many tickets have it."""

NAMED_FIRST = NAMED_BY_TICKETS.format(follows=">=")
NAMED_AFTER = NAMED_BY_TICKETS.format(follows=">")

NAMED_NEXT = """
SELECT coalesce(access_id, '') FROM seatlatch.tickets
WHERE organization_id = :organization_id AND coalesce(access_id, '') {follows} :after
ORDER BY coalesce(access_id, ''), token LIMIT 1
"""
IS_AT_LEAST, IS_GREATER = NAMED_NEXT.format(follows=">="), NAMED_NEXT.format(follows=">")
"""One such seek, for a database that cannot do all of them in one statement."""

COUNT_TICKETS = f"""
SELECT count(CASE WHEN NOT voided AND NOT is_held AND NOT mpreserve THEN 1 END),
       count(CASE WHEN NOT voided AND NOT is_held AND mpreserve THEN 1 END),
       count(CASE WHEN NOT voided AND is_held THEN 1 END),
       count(CASE WHEN voided THEN 1 END),
       count(CASE WHEN NOT voided AND is_held AND mpreserve THEN 1 END),
       max(token)
FROM (SELECT token, voided, mpreserve, {IS_HELD} AS is_held FROM seatlatch.tickets
      WHERE organization_id = :organization_id AND coalesce(access_id, '') = :access_id
        AND token > :after_token
      ORDER BY token LIMIT :limit) AS portion
"""
"""The columns are in the order of `TicketCounts`."""

STATES = {state.value: state for state in TicketState}
READ_SEATS = f"""
SELECT token, section, "row", seat,
       CASE WHEN voided THEN '{TicketState.VOIDED}' WHEN is_held THEN '{TicketState.HELD}'
            WHEN mpreserve THEN '{TicketState.LISTED}' ELSE '{TicketState.FREE}' END,
       mpreserve_channel, CASE WHEN is_held THEN hold_expires_at END, entry_id
FROM (SELECT *, {IS_HELD} AS is_held FROM seatlatch.tickets
      WHERE organization_id = :organization_id AND coalesce(access_id, '') = :access_id
        AND token > :after_token
      ORDER BY token LIMIT :limit) AS portion
ORDER BY token
"""
"""The columns are in the order of `EventSeat`."""

LOCK_ORGANIZATIONS = "LOCK TABLE seatlatch.organizations IN ROW SHARE MODE"
LOCK_CHANGES = f"{LAST_CHANGE} FOR UPDATE"
NOTE_CHANGES = "UPDATE seatlatch.event_changes SET change_number = :change_number"
WRITE = f"""
INSERT INTO seatlatch.events ({EVENT}, change_number, request_id)
VALUES ({", ".join(f":{field}" for field in Event._fields)}, :change_number, :request_id)
ON CONFLICT (organization_id, access_id) DO UPDATE SET
  {", ".join(f"{field} = excluded.{field}" for field in Event._fields[2:])},
  change_number = excluded.change_number, request_id = excluded.request_id
RETURNING change_number
"""


class SqlEventReader:
    """See `store.events.EventReader`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def find(self, keys: Collection[EventKey]) -> Mapping[EventKey, Event]:
        """The events that are known among `keys`."""
        if not keys:
            return {}
        rows = await self._executor.fetch(
            FIND,
            organization_ids=sorted({key.organization_id for key in keys}),
            access_ids=sorted({key.access_id for key in keys}),
        )
        found = (Event(*row) for row in rows)
        wanted = frozenset(keys)  # the lists also match an event of another organization
        return {event.key: event for event in found if event.key in wanted}

    async def organizations(
        self, access_id: str | None, first: str, among: Collection[str] | None, limit: int
    ) -> Sequence[str]:
        """Organizations that have an event or a ticket."""
        if not self._executor.joins_tickets:
            return await self._organizations_one_by_one(access_id, first, among, limit)
        conditions = [HAS_EVENTS if access_id is None else HAS_EVENT]
        values: dict[str, object] = {} if access_id is None else {"access_id": access_id}
        if among is not None:
            conditions.append(AMONG)
            values["among"] = sorted(among)
        sql = ORGANIZATIONS.format(conditions=" AND ".join(conditions))
        rows = await self._executor.fetch(sql, first=first, limit=limit, **values)
        return [organization_id for (organization_id,) in rows]

    async def access_ids(
        self, organization_id: str, after: str | None, limit: int
    ) -> Sequence[str]:
        """The access ids of an organization's events and tickets."""
        place = {"organization_id": organization_id, "after": after or "", "limit": limit}
        named = NAMED_FIRST if after is None else NAMED_AFTER
        if self._executor.joins_tickets:
            rows = await self._executor.fetch(named, **place)
        else:
            rows = await self._named_one_by_one(organization_id, after, limit)
        rows += await self._executor.fetch(EVENTS_AFTER, **place)
        return sorted({access_id for (access_id,) in rows})[:limit]

    async def _organizations_one_by_one(
        self, access_id: str | None, first: str, among: Collection[str] | None, limit: int
    ) -> Sequence[str]:
        """The same on a database that cannot join organizations and tickets."""
        known = await self._executor.fetch(ALL_ORGANIZATIONS, first=first)
        found: list[str] = []
        for (organization_id,) in known:
            if len(found) == limit:
                break
            if among is not None and organization_id not in among:
                continue
            asked = {"organization_id": organization_id, "access_id": access_id}
            ((has_events,),) = await self._executor.fetch(
                ONE_HAS_EVENTS if access_id is None else ONE_HAS_EVENT, **asked
            )
            if has_events:
                found.append(organization_id)
        return found

    async def _named_one_by_one(
        self, organization_id: str, after: str | None, limit: int
    ) -> list[Row]:
        """The access ids that tickets name, where each takes a statement of its own."""
        found: list[Row] = []
        seek = IS_AT_LEAST if after is None else IS_GREATER
        while len(found) < limit:
            last = found[-1][0] if found else after or ""
            rows = await self._executor.fetch(seek, organization_id=organization_id, after=last)
            if not rows:
                break
            found += rows
            seek = IS_GREATER
        return found

    async def count_tickets(self, key: EventKey, after_token: str, limit: int) -> CountedPortion:
        """Count by state some of an event's tickets."""
        ((*counts, last_token),) = await self._executor.fetch(
            COUNT_TICKETS,
            **key._asdict(),
            after_token=after_token,
            limit=limit,
            at=await self._executor.now(),
        )
        return CountedPortion(TicketCounts(*counts), last_token or after_token)

    async def read_seats(self, key: EventKey, after_token: str, limit: int) -> Sequence[EventSeat]:
        """Some of an event's tickets, in order of their tokens."""
        rows = await self._executor.fetch(
            READ_SEATS,
            **key._asdict(),
            after_token=after_token,
            limit=limit,
            at=await self._executor.now(),
        )
        return [
            EventSeat(
                *(token, section, row, seat),
                STATES[state],
                channel_code,
                optional_timestamp(hold_expires_at),
                entry_id,
            )
            for token, section, row, seat, state, channel_code, hold_expires_at, entry_id in rows
        ]

    async def last_change(self) -> int:
        """The number of the last change of any event."""
        ((change_number,),) = await self._executor.fetch(LAST_CHANGE)
        return int(change_number)

    async def changed_after(
        self, change_number: int, organization_ids: Collection[str], limit: int
    ) -> Sequence[ChangedEvent]:
        """Events whose latest change has a higher number."""
        rows = await self._executor.fetch(
            CHANGED_AFTER,
            change_number=change_number,
            organization_ids=sorted(organization_ids),
            limit=limit,
        )
        return [ChangedEvent(Event(*row[:-2]), *row[-2:]) for row in rows]


class SqlEvents(SqlEventReader):
    """See `store.events.EventWriter`."""

    async def lock(self) -> int:
        """Keep others from changing events and removing organizations."""
        await self._executor.execute(LOCK_ORGANIZATIONS)
        ((change_number,),) = await self._executor.fetch(LOCK_CHANGES)
        return int(change_number)

    async def write(self, changed: Sequence[ChangedEvent]) -> None:
        """Store events whose changes have the next numbers."""
        if not changed:
            return
        rows = [
            {
                **one.event._asdict(),
                "change_number": one.change_number,
                "request_id": one.request_id,
            }
            for one in changed
        ]
        await self._executor.fetch_each(WRITE, rows)
        await self._executor.execute(NOTE_CHANGES, change_number=changed[-1].change_number)

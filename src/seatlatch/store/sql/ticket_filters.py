"""The filters of a search for tickets as conditions, which take the values of filters by name.

See decision 141.
"""

from collections.abc import Iterable

from seatlatch.domain.ticket_filter import TicketFilter, TicketState

IS_HELD = "(seat_status = 'LOCK' AND (hold_expires_at IS NULL OR hold_expires_at > :at))"
STATES = {
    TicketState.VOIDED: "voided",
    TicketState.HELD: f"NOT voided AND {IS_HELD}",
    TicketState.LISTED: f"NOT voided AND NOT {IS_HELD} AND mpreserve",
    TicketState.FREE: f"NOT voided AND NOT {IS_HELD} AND NOT mpreserve",
}
"""The condition of each state at the timestamp `:at`, as in `domain.ticket_filter.state_of`."""

CONDITIONS = {
    "access_id": "coalesce(access_id, '') = :access_id",
    "section": "section = :section",
    "row": '"row" = :row',
    "seat": "seat = :seat",
    "owner_id": "owner_id = :owner_id",
    "barcode": "barcode = :barcode",
    "external_listing_id": "external_listing_id = :external_listing_id",
    "channel_code": "mpreserve_channel = :channel_code",
}

ORGANIZATIONS = "organization_id = ANY (:organizations)"


def conditions_of(wanted: TicketFilter, fields: Iterable[str]) -> list[str]:
    """The condition of each of these filters, all of which are given."""
    return [_condition(wanted, field) for field in fields]


def _condition(wanted: TicketFilter, field: str) -> str:
    if field == "state" and wanted.state is not None:
        return STATES[wanted.state]
    if field == "mpreserve":
        return "mpreserve" if wanted.mpreserve else "NOT mpreserve"
    return CONDITIONS[field]

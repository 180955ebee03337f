"""The form of the fields of a ticket's record, over HTTP and in an import."""

from seatlatch.domain.label import UNREADABLE, code_point, ends_problem
from seatlatch.domain.ticket import TicketRecord

FIELD_CHARACTERS_MAX = 200
REQUIRED = ("token", "organization_id", "owner_id")
FIELDS = TicketRecord._fields


def record_problem(record: TicketRecord) -> tuple[str, str] | None:
    """The first field that can't be stored, and what is wrong with it; None = all are valid.

    A token is an opaque string, but a person must be able to read it aloud, paste it and search for
    it. Tickets are looked up by every other field too, so the same rule applies to all.
    """
    for field, value in zip(FIELDS, record, strict=True):
        if not value:
            if field in REQUIRED:
                return field, "must not be empty"
        elif problem := _value_problem(value):
            return field, problem
    return None


def _value_problem(value: str) -> str | None:
    if len(value) > FIELD_CHARACTERS_MAX:
        return f"is longer than {FIELD_CHARACTERS_MAX} characters"
    if not value.isprintable() and (found := UNREADABLE.search(value)):
        return f"contains a control character, {code_point(found[0])}"
    return ends_problem(value)

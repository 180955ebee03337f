"""Finds values that a spreadsheet has changed in a file of tickets."""

import re

from seatlatch.domain.label import shortened
from seatlatch.domain.ticket import TicketRecord

_NUMBER = re.compile(
    r"""
    [+-]?\d+(?:[.,]\d+)?[eE][+-]\d+     # 9.89735E+10: shortened, the last digits are lost
  | [+-]?\d+[.,]\d+[eE]\d+              # 9.89735E10
  | [+-]?\d+[.,]0+                      # 98973476444.0: read as a number
  | [+-]?\d{1,3}([.,\ \u00a0\u202f])\d{3}(?:\1\d{3})+  # 98,973,476,444: formatted as a number
  | =.*                                 # ="0098": a formula that protects the zeros
  | '[-+=.\d].*                         # '0098: the mark for a number as text
    """,
    re.VERBOSE | re.DOTALL,
)
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!)|\#{2,}")


def spreadsheet_problem(record: TicketRecord, as_is_option: str) -> tuple[str, str] | None:
    """The first field that looks changed by a spreadsheet, and the problem; None = none does.

    `as_is_option`: how to import such a value all the same.
    """
    for field, value in (
        ("token", record.token),
        ("owner_id", record.owner_id),
        ("access_id", record.access_id),
        ("barcode", record.barcode),
    ):
        if value and not value.isalnum() and (kind := _damage(value)):
            return field, (
                f"looks like a spreadsheet's {kind}, {shortened(value)}: format the column as text"
                f" and export it again, or import the value as it is with {as_is_option}"
            )
    return None


def _damage(value: str) -> str | None:
    if _NUMBER.fullmatch(value):
        return "number"
    return "error" if _ERROR.fullmatch(value) else None

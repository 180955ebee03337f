"""What people may write for other people: the names of things, the reason of a hold."""

import re

LABEL_CHARACTERS_MAX = 200
SHOWN_CHARACTERS_MAX = 40
UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, the ends of lines, and halves of a surrogate pair, which are no text."""

_TEXT = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]"
_VISIBLE = r"[^\s\u0000-\u001f\u007f-\u009f]"
READABLE = f"^{_TEXT}*$"
"""What holds nothing of that, as JSON Schema says it; halves of a pair never get that far."""

NOT_BLANK = f"^{_TEXT}*{_VISIBLE}{_TEXT}*$"
"""The same, and not of blanks alone."""

TRIMMED = f"^{_VISIBLE}({_TEXT}*{_VISIBLE})?$"
"""The same, and without blanks at its ends."""


def label_problem(text: str) -> str | None:
    """What is wrong with a name or a reason; None = it can be kept and shown on one line."""
    if not text.strip():
        return "must not be empty"
    if len(text) > LABEL_CHARACTERS_MAX:
        return f"is longer than {LABEL_CHARACTERS_MAX} characters"
    if UNREADABLE.search(text):
        return "holds a control character, or bytes that are no text"
    return None


def shortened(text: str) -> str:
    """What somebody gave, quoted in a sentence; never so long that it hides the sentence."""
    return repr(text if len(text) <= SHOWN_CHARACTERS_MAX else text[:SHOWN_CHARACTERS_MAX] + "...")

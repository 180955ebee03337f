"""Changes of tickets as commands of `seatlatch`.

See decision 178.
"""

from collections.abc import Sequence
from shlex import quote

from seatlatch.domain.journal import Act, Verb

NAMES = {
    Verb.OVERRIDE: "unlock",
    Verb.HOLD: "hold",
    Verb.RELEASE: "release",
    Verb.VOID: "void",
}


def command_of_change(act: Act, tokens: Sequence[str], *, over_listing: bool = False) -> str | None:
    """The command for a change of tickets by the box office, for any shell of POSIX; None = there
    is none.
    """
    if act.verb not in NAMES:
        return None
    words = ["seatlatch", "tickets", NAMES[act.verb]]
    if act.reason is not None:
        words += ["--reason", quote(act.reason)]
    if act.hold_seconds is not None:
        words += ["--for", str(act.hold_seconds)]
    if act.verb is Verb.HOLD and over_listing:
        words.append("--over-listing")
    if any(token.startswith("-") for token in tokens):
        words.append("--")  # what follows is no option
    return " ".join([*words, *map(quote, tokens)])

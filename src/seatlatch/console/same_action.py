"""An administrative action of a page as a command, and as a call of the operators' interface.

See decision 181.
"""

import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from seatlatch.presentation.curl import Curl, operator_call

API = "/operator/v1/"


class SameAction(NamedTuple):
    """Texts to copy into a shell."""

    command: str
    curl: Curl


def same_action(
    command: Sequence[str], method: str, path: str, *segments: str, body: Any = None
) -> SameAction:
    """The texts of an action. `path`: below `/operator/v1/`; each of `segments` is percent-encoded
    and appended. `body` becomes JSON.
    """
    target = API + path + "".join(f"/{quote(one, safe='')}" for one in segments)
    words = shlex.join(["seatlatch", *command])
    return SameAction(words, Curl(operator_call(method, target, body)))

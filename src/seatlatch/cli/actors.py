"""The author of a command's changes, as the journal and the audit record it.

See decision 164.
"""

import os
from getpass import getuser
from uuid import uuid4

from seatlatch.domain.audit import Actor
from seatlatch.domain.journal import Asker
from seatlatch.domain.label import label_problem
from seatlatch.settings import Settings


def command_line_user(settings: Settings) -> Asker:
    """The author of a request about tickets, with a new Request-ID."""
    return Asker(str(uuid4()), operator=_author(settings))


def command_line_actor(settings: Settings) -> Actor:
    """The author of an administrative change, with a new Request-ID."""
    return Actor(_author(settings), str(uuid4()))


def _author(settings: Settings) -> str:
    return f"command line ({settings.actor or _system_user()})"


def _system_user() -> str:
    """The user who runs this command; the one who called sudo rather than root."""
    try:
        name = getuser()
    except (OSError, KeyError):  # the user database has no entry for this user
        name = ""
    if name == "root":
        name = os.environ.get("SUDO_USER") or name
    if label_problem(name):  # environment variables may contain anything
        name = str(os.getuid())
    return name

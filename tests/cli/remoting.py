"""Runs `seatlatch remote` with a service, within this process."""

import json
import subprocess
from typing import Any

from tests.cli.commands import run_within
from tests.serving import ACCESS_TOKEN, API_KEY, APPLICATION, CHANNEL

Ran = subprocess.CompletedProcess[str]

KEYS = {
    "SEATLATCH_REMOTE_APPLICATION_ID": APPLICATION,
    "SEATLATCH_REMOTE_API_KEY": API_KEY,
    "SEATLATCH_REMOTE_CHANNEL_CODE": CHANNEL,
    "SEATLATCH_REMOTE_ACCESS_TOKEN": ACCESS_TOKEN,
}


def remote(url: str, *arguments: str, typed: str | bytes = b"", **settings: str) -> Ran:
    """Run a command with a service."""
    known = {"SEATLATCH_REMOTE_URL": url, **KEYS}
    return run_within("remote", *arguments, typed=typed, **{**known, **settings})


def document(ran: Ran) -> Any:
    """The one JSON document that a command printed."""
    assert ran.stdout.count("\n") == 1
    return json.loads(ran.stdout)

"""What a page shows beside what was printed: to the letter, but for what differs with every run.

What differs is put out of the way on both sides in one way, by `settled`.
"""

import re

from tests.docs.pages import Block

SECRET = re.compile(r"[\w-]{43}(\.[\w-]{43})?")
"""A key, a code or a token, as `auth.keys` makes them; a refresh token is two."""

OPAQUE = re.compile(r'("(?:entryId|next)": ?")[\w-]{32,}"')
"""An entry id or a cursor of a channel, encrypted by the key of its database."""

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{6,9})?(Z| UTC)")
APPLIED = re.compile(r"Applied: \d{4}_\w+(?:, \d{4}_\w+)*\.")
KEY_ID = re.compile(r"\bkey [0-9a-f]{12}\b")
DATE = re.compile(r"^date: .*\n", re.MULTILINE)
RATE_LEFT = re.compile(r"^(ratelimit: .*;r=)\d+", re.MULTILINE)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

BETWEEN = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
"""A string of JSON, or what stands between two things of it."""


def same_answer(shown: Block, printed: str, sent: str) -> None:
    """`printed` is what `sent` has printed.

    A block `json` is a body, `http` an answer with its body broken into lines, any other one what
    a command prints.
    """
    printed = printed.replace("\r\n", "\n")
    if shown.language == "http":
        head, _, body = shown.text.partition("\n\n")
        printed_head, _, printed_body = printed.partition("\n\n")
        assert settled(printed_head + "\n", sent) == settled(head + "\n", sent)
        assert settled(printed_body, sent) == settled(in_one_line(body), sent)
    elif shown.language == "json":
        assert settled(printed, sent).rstrip("\n") == settled(in_one_line(shown.text), sent)
    else:
        assert settled(printed, sent) == settled(shown.text, sent)


def settled(text: str, sent: str) -> str:
    """A text without what differs with every run or version: a secret, a moment, the names of
    migrations, the state of the rate limit, an encrypted text, and a Request-ID that was not sent.
    """
    text = OPAQUE.sub(r'\1<opaque>"', text)
    text = SECRET.sub("<secret>", MOMENT.sub("<moment>", DATE.sub("", text)))
    text = KEY_ID.sub("key <id>", text)
    text = APPLIED.sub("Applied: <migrations>.", text)
    text = RATE_LEFT.sub(r"\1<left>", text)
    return UUID.sub(lambda found: found[0] if found[0] in sent else "<uuid>", text)


def in_one_line(body: str) -> str:
    """JSON as it goes over the wire. Numbers stay as they are written."""
    return BETWEEN.sub(r"\1", body)

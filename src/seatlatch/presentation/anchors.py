"""Anchors of the journal as JSON: what `seatlatch journal anchor` prints and the console offers."""

from datetime import UTC
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.journal.rows import CHAINS_MAX, NUMBERS_MAX, Head
from seatlatch.operations.verify_journal import Anchor
from seatlatch.presentation.schemas import Timestamp


class AnchoredHead(Struct, rename="camel"):
    """The last row of a chain. `hash` is hexadecimal."""

    chain: Annotated[int, Meta(ge=0, le=CHAINS_MAX)]
    number: Annotated[int, Meta(ge=0, le=NUMBERS_MAX)]
    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class AnchorText(Struct, rename={"journal_key": "journalKey", "timestamp": "moment"}):
    """The JSON form of an anchor."""

    journal_key: str
    timestamp: Timestamp
    heads: list[AnchoredHead]


def anchor_text(anchor: Anchor) -> AnchorText:
    """An anchor in its JSON form."""
    heads = [AnchoredHead(*head[:2], head.row_hash.hex()) for head in anchor.heads]
    return AnchorText(anchor.journal_key, anchor.timestamp, heads)


def read_anchor(name: str, text: bytes) -> Anchor:
    """The anchor of a JSON text; `name` names it. Raises `InvalidRequest`."""
    try:
        read = msgspec.json.decode(text, type=AnchorText)
        timestamp = read.timestamp.astimezone(UTC)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        raise InvalidRequest(
            f"{name} is not an anchor. Use an output of `seatlatch journal anchor`."
        ) from None
    heads = [Head(one.chain, one.number, bytes.fromhex(one.hash)) for one in read.heads]
    return Anchor(read.journal_key, timestamp, heads)

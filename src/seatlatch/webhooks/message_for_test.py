"""The message that tests an endpoint, on request of the operator. Pure.

See decision 158.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from seatlatch.store.webhooks import NewMessage
from seatlatch.webhooks.message import Timestamp, new_message_id


class NoData(Struct):
    """The data of a test message: an empty object."""


class MetadataForTest(Struct, rename="camel"):
    """The kind of the message's content."""

    message_entity: Literal["test"] = "test"


class MessageForTest(Struct, rename="camel"):
    """A message that tests an endpoint. It is about no ticket. Further members may be added."""

    data: NoData
    metadata: MetadataForTest
    request_id: str
    timestamp: Timestamp


def message_for_test(
    request_id: str, now: datetime, new_id: Callable[[], str] = new_message_id
) -> NewMessage:
    """A test message. `request_id`: of the request that asked for it."""
    body = MessageForTest(NoData(), MetadataForTest(), request_id, now)
    return NewMessage(new_id(), (), msgspec.json.encode(body).decode(), "test")

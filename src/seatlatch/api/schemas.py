"""The bodies of the contract as types. Members are written in the order of the fields.

Source: the contract's sections on the unlock request, per-token outcome and HTTP status.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType


class UnlockRequest(Struct, rename="camel"):
    """`{"tokens": ["98973476444", ...]}`; unknown members are ignored."""

    tokens: Annotated[list[str], Meta(min_length=1)]


class ErrorBody(Struct, rename="camel"):
    """Why a request, or all of its tokens, failed."""

    type: str
    app_error_code: str
    developer_message: str


class SucceededTicket(Struct, rename="camel"):
    """A ticket that is unlocked now, whether or not it was before."""

    token: str
    owner_id: str | None


class FailedTicket(Struct, rename="camel", omit_defaults=True):
    """A ticket that could not be unlocked. `owner_id` is absent if the token is unknown."""

    token: str
    status: Literal["LOCK"] | None
    app_error_code: str
    developer_message: str
    type: str
    owner_id: str | UnsetType = UNSET


class Answer(Struct, rename="camel", omit_defaults=True):
    """The body of every answer: `error` if nothing was done, else `success`; `failure` if any."""

    error: ErrorBody | UnsetType = UNSET
    success: list[SucceededTicket] | UnsetType = UNSET
    failure: list[FailedTicket] | UnsetType = UNSET

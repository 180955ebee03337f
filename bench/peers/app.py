"""A small service for the same unlocks and locks: FastAPI over asyncpg, or over aiosqlite.

It is what somebody would write in place of seatlatch: one query for the credentials and one
statement for the tickets in each request. It has the same tables, requests and responses, and
neither a journal, nor a log, nor a rate limit. `uvicorn bench.peers.app:app` serves the database in
DATABASE_URL; requirements.in names what it needs.

See decision 186.
"""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, model_validator

from bench.peers.database import Caller, Database, Listing, Secrets, Ticket
from bench.peers.postgres import PostgresDatabase
from bench.peers.sqlite import SqliteDatabase

INVALID = {
    "status": None,
    "appErrorCode": "MS-422",
    "developerMessage": "Token is invalid",
    "type": "INVALID_TOKEN",
}
LOCKED = {
    "status": "LOCK",
    "appErrorCode": "MS-409",
    "developerMessage": "Seat is locked",
    "type": "SEAT_RECORD_LOCKED",
}
ALL_LOCKED = {
    "type": "SEAT_RECORD_LOCKED",
    "appErrorCode": "MS-409",
    "developerMessage": "Seat is locked",
}
NONE_DONE = {
    "type": "UNPROCESSABLE_ENTITY",
    "appErrorCode": "MS-422",
    "developerMessage": "Unable to process the request.",
}


class Unlock(BaseModel):
    """The body of an unlock."""

    tokens: Annotated[list[str], Field(min_length=1, max_length=100)]


class PricedToken(BaseModel):
    """A ticket in a listing."""

    token: str
    individualPrice: Decimal | None = None  # noqa: N815 - as it is in JSON


class NewListing(BaseModel):
    """The listing of a lock."""

    externalListingId: str | None = None  # noqa: N815
    totalPrice: Decimal | None = None  # noqa: N815
    tokens: Annotated[list[PricedToken], Field(min_length=1, max_length=100)]


class Lock(BaseModel):
    """The body of a lock."""

    source: Literal["MY_ACCOUNT", "INDIVIDUAL", "BROKER"]
    listing: NewListing
    seller: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _has_its_seller(self) -> "Lock":
        if self.source != "MY_ACCOUNT" and self.seller is None:
            raise ValueError("seller is required")
        return self


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the database, and close it at the end."""
    url = os.environ["DATABASE_URL"]
    kind = SqliteDatabase if url.startswith("sqlite:") else PostgresDatabase
    async with kind.opened(url) as database:
        app.state.database = database
        yield


app = FastAPI(lifespan=lifespan)


async def caller_of(
    request: Request,
    authorization: Annotated[str, Header()],
    application: Annotated[str, Header(alias="PAC-Application-ID")],
    api_key: Annotated[str, Header(alias="PAC-API-Key")],
    channel: Annotated[str, Header(alias="PAC-Channel-Code")],
) -> Caller:
    """The caller of a request. Raises `HTTPException` for wrong credentials."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, "Authorization is not a bearer token")
    secrets = Secrets(application, _hash(api_key), _hash(token))
    caller = await _database(request).caller(secrets)
    if caller is None:
        raise HTTPException(401, "The credentials are invalid")
    if caller.channel != channel:
        raise HTTPException(403, "The channel is not the application's")
    return caller


Authenticated = Annotated[Caller, Depends(caller_of)]
RequestId = Annotated[str, Header(alias="Request-ID")]


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    """Respond once the database is open."""
    return {"status": "ready"}


@app.put("/v1/tickets/unlock")
async def unlock(
    body: Unlock, request: Request, caller: Authenticated, request_id: RequestId
) -> JSONResponse:
    """Clear mpreserve of tickets."""
    tokens = list(dict.fromkeys(body.tokens))
    owners = await _database(request).unlock(caller, tokens)
    return await _response(_database(request), caller, tokens, owners, request_id)


@app.put("/v1/tickets/lock")
async def lock(
    body: Lock, request: Request, caller: Authenticated, request_id: RequestId
) -> JSONResponse:
    """Set mpreserve of tickets, with their listing."""
    prices = {asked.token: asked.individualPrice for asked in body.listing.tokens}
    listing = Listing(
        body.source, body.listing.externalListingId, body.listing.totalPrice, body.seller
    )
    owners = await _database(request).lock(caller, prices, listing)
    return await _response(_database(request), caller, list(prices), owners, request_id)


async def _response(
    database: Database,
    caller: Caller,
    tokens: Sequence[str],
    owners: dict[str, str],
    request_id: str,
) -> JSONResponse:
    """The response, after a second query if some tickets were not changed."""
    missing = [token for token in tokens if token not in owners]
    tickets = await database.tickets(caller, missing) if missing else {}
    success: list[dict[str, Any]] = []
    failure: list[dict[str, Any]] = []
    for token in tokens:
        if token in owners:
            success.append({"token": token, "ownerId": owners[token]})
        else:
            done, row = _unchanged(token, tickets.get(token), caller)
            (success if done else failure).append(row)
    status, body = _status_and_body(success, failure)
    return JSONResponse(body, status, {"Request-ID": request_id})


def _unchanged(token: str, ticket: Ticket | None, caller: Caller) -> tuple[bool, dict[str, Any]]:
    """Whether a ticket that was not changed is a success, and its row."""
    if ticket is None:
        return False, {"token": token, **INVALID}
    if ticket.voided:
        return False, {"token": token, **INVALID, "ownerId": ticket.owner_id}
    if ticket.held or ticket.mpreserve_channel not in (None, caller.channel):
        return False, {"token": token, **LOCKED, "ownerId": ticket.owner_id}
    return True, {"token": token, "ownerId": ticket.owner_id}


def _status_and_body(
    success: list[dict[str, Any]], failure: list[dict[str, Any]]
) -> tuple[int, dict[str, Any]]:
    if not failure:
        return 200, {"success": success}
    if success:
        return 207, {"success": success, "failure": failure}
    if all(row["type"] == LOCKED["type"] for row in failure):
        return 409, {"error": ALL_LOCKED, "failure": failure}
    return 422, {"error": NONE_DONE, "failure": failure}

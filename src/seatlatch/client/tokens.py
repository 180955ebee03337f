"""The pair of tokens that a client has, and where it is kept when the client is gone.

A refresh token works once. So where it is kept, only one process may refresh at a time, and the
others take what it got.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from .arguments import check_header_text
from .errors import TokenStoreFailed
from .models import TokenBody
from .responses import WholeResponse

if os.name == "posix":
    import fcntl

LOOK_SECONDS = 0.05
"""So often somebody who waits for a lock looks whether it is free."""

EARLY_SECONDS = 30
"""An access token is renewed so long before its end, or when a tenth of its life is left."""


class TokenPair(Struct, frozen=True):
    """An access token, and the refresh token that gets the next pair. `expires_at`: aware UTC."""

    access_token: str
    refresh_token: str | None = None
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"TokenPair(expires_at={self.expires_at})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("expires_at", self.expires_at)]


class TokenStore(Protocol):
    """Where a pair of tokens is kept, so that the next process can go on with it.

    All three may wait, and are called from whatever thread. Between `take` and `release` nobody
    else may get at it, in no other process either.
    """

    def take(self) -> TokenPair | None:
        """Keep everybody else out, and tell what is kept."""

    def keep(self, pair: TokenPair) -> None:
        """Keep this instead, durably. Only after `take`."""

    def release(self) -> None:
        """Let others in again."""


@contextmanager
def told_of_store() -> Iterator[None]:
    """Make a `TokenStoreFailed` of whatever goes wrong inside with a store."""
    try:
        yield
    except Exception as error:
        raise TokenStoreFailed(
            f"The tokens can't be kept or read where they are: {str(error).rstrip('.')}."
        ) from error


def check_pair(pair: TokenPair | None) -> None:
    """Raise an `InvalidArgument` for a stored token that no request can hold."""
    if pair is not None:
        check_header_text("the stored access token", pair.access_token)
        if pair.refresh_token is not None:
            check_header_text("the stored refresh token", pair.refresh_token)


class NoStore:
    """Keeps nothing: for a client that is given all it needs whenever it starts."""

    def take(self) -> TokenPair | None:
        """Nothing is kept."""
        return None

    def keep(self, pair: TokenPair) -> None:
        """Forget it."""

    def release(self) -> None:
        """Nobody was kept out."""


class TokenFile:
    """Keeps the pair in a file that only its owner can read, for all processes that use it.

    Whoever refreshes holds a lock on a file beside it (POSIX only). Others wait for up to
    `wait_seconds`.
    """

    def __init__(self, path: str | Path, *, wait_seconds: float = 30.0) -> None:
        if os.name != "posix":
            raise TokenStoreFailed("TokenFile needs the file locks of POSIX.")
        try:
            self._path = Path(path).expanduser()
        except RuntimeError as error:
            raise TokenStoreFailed(f"{path} needs a home directory: set HOME. ({error})") from error
        self._wait_seconds = wait_seconds
        self._locked: int | None = None

    def take(self) -> TokenPair | None:
        """Wait for others, and read the file. Raises `OSError`; `ValueError` if it is damaged."""
        lock = self._path.with_name(self._path.name + ".lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait_for(descriptor, lock)
            pair = self._read()
        except BaseException:
            os.close(descriptor)
            raise
        self._locked = descriptor
        return pair

    def _wait_for(self, descriptor: int, lock: Path) -> None:
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"another process holds {lock}") from None
                time.sleep(LOOK_SECONDS)
            else:
                return

    def keep(self, pair: TokenPair) -> None:
        """Write the file anew. A crash leaves the old one or the new one, whole."""
        new = self._path.with_name(self._path.name + ".new")
        new.unlink(missing_ok=True)  # of a process that was killed
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(pair))
            file.flush()
            os.fsync(descriptor)
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def release(self) -> None:
        """Let others in again."""
        held, self._locked = self._locked, None
        if held is not None:
            # A process that was forked meanwhile has the descriptor too, which would keep the lock.
            fcntl.flock(held, fcntl.LOCK_UN)
            os.close(held)

    def _read(self) -> TokenPair | None:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(content, type=TokenPair)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{self._path} is damaged ({error}). Remove it, and use a new authorization code."
            ) from None


class NewPair(Struct, frozen=True):
    """A pair just given out. `life_seconds`: how long its access token is good for, by the clock
    of the server, which need not be ours; None = it did not say.
    """

    pair: TokenPair
    life_seconds: float | None


def new_pair(body: TokenBody, response: WholeResponse) -> NewPair:
    """What the token call gave. When it ends is left open if that can't be read: the pair is the
    only one that is good. Raises `ValueError` for an access token that can be in no header.
    """
    check_header_text("its access token", body.access_token)
    expires_at = life_seconds = None
    with suppress(ValueError, OverflowError):
        expires_at = moment(body.expiration)
        said_at = parsedate_to_datetime(response.headers.get("Date", ""))
        life_seconds = (expires_at - said_at).total_seconds()
    return NewPair(TokenPair(body.access_token, body.refresh_token, expires_at), life_seconds)


def moment(text: str) -> datetime:
    """A moment of the document's, with nine decimals, aware UTC. Raises `ValueError`.

    What is finer than a microsecond is cut off, so that no token seems to live longer than it does.
    """
    found = re.fullmatch(r"([^.]+)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if not found:
        raise ValueError(f"{text!r} is no moment")
    whole, digits, offset = found.groups()
    return datetime.fromisoformat(f"{whole}.{digits or '0':0<6.6}{offset}").astimezone(UTC)


def early(life_seconds: float) -> float:
    """After how many seconds to renew a token that lives so long."""
    return life_seconds - min(EARLY_SECONDS, life_seconds / 10)

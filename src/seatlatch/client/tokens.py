"""A client's pair of tokens, and the stores that keep it between runs.

A refresh token works once. So only one process at a time may refresh the pair of a store, and the
others use the new pair.

See decisions 107 and 108.
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

LOCK_RETRY_SECONDS = 0.05
"""How often a process that waits for a lock tries again."""

EARLY_SECONDS = 30
"""An access token is renewed this long before it expires, or when a tenth of its life is left."""


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
    """A store of a pair of tokens, so that the next process can continue with it.

    The methods may block and are called from any thread. Between `take` and `release` no other
    caller may use the store, not even in another process.
    """

    def take(self) -> TokenPair | None:
        """Lock the store and return its pair; None = it has none."""

    def keep(self, pair: TokenPair) -> None:
        """Replace the pair durably. Call it only after `take`."""

    def release(self) -> None:
        """Unlock the store."""


@contextmanager
def store_errors() -> Iterator[None]:
    """Raise a `TokenStoreFailed` for any error of a store inside the block."""
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
    """A store that keeps nothing, for a client that gets its tokens as arguments."""

    def take(self) -> TokenPair | None:
        """Return None."""
        return None

    def keep(self, pair: TokenPair) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Do nothing."""


class TokenFile:
    """A store in a file that only its owner can read, shared by all processes that use it.

    A process that refreshes the pair holds a lock on a second file (POSIX only). Others wait for up
    to `wait_seconds`.
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
        """Lock and read the file. Raises `OSError`, or `ValueError` if it is damaged."""
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
                time.sleep(LOCK_RETRY_SECONDS)
            else:
                return

    def keep(self, pair: TokenPair) -> None:
        """Replace the file. A crash leaves the complete old file or the complete new one."""
        new = self._path.with_name(self._path.name + ".new")
        new.unlink(missing_ok=True)  # left by a process that was killed
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
        """Unlock the store."""
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
    """A newly issued pair.

    `life_seconds`: how long its access token is valid by the server's clock, which may differ from
    the local one; None = unknown.
    """

    pair: TokenPair
    life_seconds: float | None


def new_pair(body: TokenBody, response: WholeResponse) -> NewPair:
    """The pair in a response of the token call.

    An unreadable expiration counts as unknown, because this pair is the only valid one. Raises
    `ValueError` for an access token that no header can hold.
    """
    check_header_text("its access token", body.access_token)
    expires_at = life_seconds = None
    with suppress(ValueError, OverflowError):
        expires_at = parse_timestamp(body.expiration)
        said_at = parsedate_to_datetime(response.headers.get("Date", ""))
        life_seconds = (expires_at - said_at).total_seconds()
    return NewPair(TokenPair(body.access_token, body.refresh_token, expires_at), life_seconds)


def parse_timestamp(text: str) -> datetime:
    """Parse a timestamp with up to nine decimals, as aware UTC. Raises `ValueError`.

    It is rounded down to microseconds, so that no token seems to live longer than it does.
    """
    found = re.fullmatch(r"([^.]+)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if not found:
        raise ValueError(f"{text!r} is not a timestamp")
    whole, digits, offset = found.groups()
    return datetime.fromisoformat(f"{whole}.{digits or '0':0<6.6}{offset}").astimezone(UTC)


def early(life_seconds: float) -> float:
    """The seconds after which to renew a token with this lifetime."""
    return life_seconds - min(EARLY_SECONDS, life_seconds / 10)

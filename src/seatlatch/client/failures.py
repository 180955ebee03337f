"""Turns errors of httpx and the libraries below it into a `ClientError` that names the cause.

It leaves out what they quote of a request's headers or a response's bytes, which can hold a secret.
"""

import ssl
from collections.abc import Iterator

import httpx

from .environment import certificate_variable
from .errors import (
    NOT_SENT,
    AttemptTimedOut,
    CertificateError,
    ClientError,
    ClientNotUsable,
    ConnectionFailed,
    InvalidArgument,
    RequestNotSent,
    TlsError,
)

LIBRARIES = frozenset({"anyio", "h11", "h2", "httpcore", "httpx", "socksio"})

BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""httpx raises these before it sends anything of a request."""

TRANSIENT_TLS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""The connection broke during the handshake; another one can succeed."""

MAY_BE_PROCESSED = "The request may have been processed; it is safe to send it again."

CHECK = "Check the service's address and whether it can be reached."


def failure_of(error: Exception, proxy_variable: str | None) -> ClientError | None:
    """The error for a request without a response; None = it is not a failure of a connection.

    `proxy_variable`: the variable that names the proxy in use.
    """
    if isinstance(error, ClientError):
        return error
    if isinstance(error, RuntimeError):
        problem: ClientError = ClientNotUsable(f"The connection cannot be used: {error}.")
    elif type(error).__name__ == "LocalProtocolError":  # of httpx or of h11
        return InvalidArgument(
            "http", f"adds something to the request that HTTP does not allow. {NOT_SENT}"
        )
    elif isinstance(error, BEFORE_SENDING):
        problem = _not_sent(error, proxy_variable)
    elif isinstance(error, OSError) or _library_of(error) in LIBRARIES:
        what = "No response in time" if isinstance(error, httpx.TimeoutException) else "No response"
        problem = ConnectionFailed(f"{what} ({_said(error)}). {CHECK} {MAY_BE_PROCESSED}")
    else:
        return None
    if not isinstance(error, httpx.ProtocolError):
        problem.__cause__ = error
    return problem


def attempt_timed_out(limit_seconds: float) -> AttemptTimedOut:
    """The error for an attempt that took too long as a whole."""
    return AttemptTimedOut(
        f"The response was not complete within max_attempt_seconds ({limit_seconds:g} seconds)."
        f" {MAY_BE_PROCESSED}"
    )


def _not_sent(error: Exception, proxy_variable: str | None) -> RequestNotSent:
    tls = next((cause for cause in _chain(error) if isinstance(cause, ssl.SSLError)), None)
    if isinstance(tls, ssl.SSLCertVerificationError):
        variable = certificate_variable()
        trust = (
            f"{variable} says which certificates are trusted."
            if variable is not None
            else "If its certificate authority is a private one, set SSL_CERT_FILE."
        )
        return CertificateError(
            f"The server's certificate is not valid: {tls.verify_message}. {trust} {NOT_SENT}"
        )
    if tls is not None and not isinstance(tls, TRANSIENT_TLS):
        return TlsError(
            f"No TLS connection ({_said(error)}). Check the service's address. {NOT_SENT}"
        )
    through = f" through the proxy that {proxy_variable} names" if proxy_variable else ""
    in_time = " in time" if isinstance(error, httpx.TimeoutException) else ""
    return RequestNotSent(f"No connection{through}{in_time} ({_said(error)}). {CHECK} {NOT_SENT}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _said(error: Exception) -> str:
    """The message of an error, up to a quotation of the response."""
    text = str(error)
    for quoted in ("bytearray(", "b'", 'b"'):
        text = text.partition(quoted)[0]
    return text.strip().rstrip(":") or type(error).__name__


def _library_of(error: Exception) -> str:
    return type(error).__module__.partition(".")[0]

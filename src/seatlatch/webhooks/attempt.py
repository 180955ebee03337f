"""One attempt to deliver a message: sends it, and records what follows from the result.

See decision 156.
"""

from datetime import datetime
from time import monotonic
from typing import NamedTuple

from seatlatch.domain.webhook import MessageState, Webhook, WebhookState, without_query
from seatlatch.operations.write_webhooks import WebhookWrite
from seatlatch.store.interface import Transaction
from seatlatch.store.webhooks import Attempt, Pending, WebhookWriter
from seatlatch.webhooks.dependencies import Dependencies
from seatlatch.webhooks.http_sender import NoResponse, Sender, WebhookResponse, problem_of
from seatlatch.webhooks.message import signed
from seatlatch.webhooks.schedule import GIVEN_UP_AFTER_SECONDS, next_attempt

GONE = 410
GONE_REASON = "The receiver answered 410 Gone."
NOTHING_ACCEPTED_REASON = (
    f"The receiver accepted no message for {GIVEN_UP_AFTER_SECONDS // 86_400} days."
)


class Sent(NamedTuple):
    """The result of an attempt. `problem`: why the message was not accepted; None = it was."""

    response: WebhookResponse | None
    problem: str | None
    milliseconds: int


class Recorded(NamedTuple):
    """The consequence of an attempt. `retry`: the message to try again, or None."""

    retry: Pending | None
    disables_endpoint: bool


class _Stored(NamedTuple):
    """The consequence of storing an attempt. `disabled`: why it disabled the endpoint, if it did.

    `is_outdated`: the endpoint has another URL by now, so the failure does not count.
    """

    disabled: str | None = None
    is_outdated: bool = False


async def send_once(
    sender: Sender, webhook: Webhook, one: Pending, body: str, now: datetime
) -> Sent:
    """Send a message to an endpoint."""
    headers = signed(webhook.secrets_at(now), one.message_id, body, now)
    started_at = monotonic()
    response, problem = None, None
    try:
        response = await sender.send(webhook.url, headers, body.encode())
        problem = problem_of(response.status)
    except NoResponse as no_response:
        problem = str(no_response)
    return Sent(response, problem, round((monotonic() - started_at) * 1_000))


async def record_attempt(
    dependencies: Dependencies, webhook: Webhook, one: Pending, sent: Sent
) -> Recorded:
    """Store the result of an attempt, log it and count it. Raises `Unavailable`.

    `webhook`: the endpoint as it was when the message was sent.
    """
    now = dependencies.clock()
    first = one.first_attempt_at or now
    attempt = _attempt_of(dependencies, one, sent, first, now)
    stored = await _store(dependencies, webhook, one, attempt, first)
    if stored.is_outdated:
        attempt = attempt._replace(state=MessageState.PENDING)
    _report(dependencies, webhook, one, attempt, stored.disabled)
    retry = None
    if stored.is_outdated:
        retry = one._replace(attempts=0, first_attempt_at=None, due_at=now)
    elif attempt.state is MessageState.PENDING:
        retry = one._replace(
            attempts=one.attempts + 1, first_attempt_at=first, due_at=attempt.due_at
        )
    return Recorded(retry, stored.disabled is not None)


def _attempt_of(
    dependencies: Dependencies, one: Pending, sent: Sent, first: datetime, now: datetime
) -> Attempt:
    """An attempt as it is stored. `first`: when the message was first tried."""
    state, due_at, response = MessageState.DELIVERED, now, sent.response
    if sent.problem:
        retry_after = response.retry_after if response else None
        chance, delays = dependencies.chance(), dependencies.delays_seconds
        next_at = next_attempt(one.attempts + 1, first, now, chance, retry_after, delays)
        state = MessageState.PENDING if next_at else MessageState.GIVEN_UP
        due_at = next_at or now
    status, body = (response.status, response.body) if response else (None, None)
    return Attempt(
        one.message_id, state, now, due_at, status, sent.problem, sent.milliseconds, body
    )


async def _store(
    dependencies: Dependencies, webhook: Webhook, one: Pending, attempt: Attempt, first: datetime
) -> _Stored:
    """Store an attempt, and what follows for its endpoint, in one transaction."""

    async def write(transaction: Transaction) -> _Stored:
        webhooks = transaction.webhooks
        if attempt.problem:
            return await _note_failure(webhooks, webhook, attempt, attempt.problem, first)
        await webhooks.clear_failing(webhook.webhook_id, webhook.url)
        await webhooks.note_attempt(attempt)
        return _Stored()

    # Failures first, since they lock the endpoint's row: commands lock it before the messages too.
    failed_first = f"{0 if attempt.problem else 1} {one.number:020}"
    return await dependencies.committer.submit(
        WebhookWrite(f"{webhook.webhook_id} {failed_first}", write)
    )


async def _note_failure(
    webhooks: WebhookWriter, webhook: Webhook, attempt: Attempt, problem: str, first: datetime
) -> _Stored:
    webhook_id = webhook.webhook_id
    current = await webhooks.find(webhook_id)
    if current is None or current.url != webhook.url:
        return _Stored(is_outdated=True)
    await webhooks.note_attempt(attempt)
    if current.problem != problem:
        await webhooks.set_failing(
            webhook_id, current.failing_since or attempt.attempted_at, problem
        )
    disabled = None
    if attempt.status == GONE:
        disabled = GONE_REASON
    elif attempt.state is MessageState.GIVEN_UP and not await webhooks.delivered_since(
        webhook_id, first
    ):
        disabled = NOTHING_ACCEPTED_REASON
    if disabled:
        await webhooks.set_state(webhook_id, WebhookState.DISABLED, disabled)
    return _Stored(disabled)


def _report(
    dependencies: Dependencies,
    webhook: Webhook,
    one: Pending,
    attempt: Attempt,
    disabled: str | None,
) -> None:
    """Log and count an attempt. The first and the last failure of a message are warnings."""
    log = dependencies.log.bind(webhook=webhook.webhook_id, message=one.message_id)
    given_up = attempt.state is MessageState.GIVEN_UP
    result = "failed" if attempt.state is MessageState.PENDING else str(attempt.state)
    dependencies.observer.webhook_attempted(result)
    warn = given_up or (one.attempts == 0 and attempt.problem)
    (log.warning if warn else log.debug)(
        "webhook",
        url=without_query(webhook.url),
        result=result,
        attempts=one.attempts + 1,
        reason=attempt.problem,
    )
    if disabled:
        log.error("webhook disabled", reason=disabled)

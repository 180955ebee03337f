"""One attempt to deliver a message: sends it, and records what follows from the result."""

from datetime import datetime
from typing import NamedTuple

from seatlatch.domain.webhook import MessageState, Webhook, WebhookState, without_query
from seatlatch.operations.write_webhooks import WebhookWrite
from seatlatch.store.interface import Transaction
from seatlatch.store.webhooks import Attempt, Pending
from seatlatch.webhooks.dependencies import Dependencies
from seatlatch.webhooks.http_sender import NoResponse, Sender, WebhookResponse, problem_of
from seatlatch.webhooks.message import signed
from seatlatch.webhooks.schedule import GIVEN_UP_AFTER_SECONDS, next_attempt

GONE = 410
GONE_REASON = "The receiver answered 410 Gone."
NOTHING_ACCEPTED_REASON = (
    f"The receiver accepted no message for {GIVEN_UP_AFTER_SECONDS // 86_400} days."
)


class Recorded(NamedTuple):
    """The consequence of an attempt. `retry`: the message to try again, or None."""

    retry: Pending | None
    disables_endpoint: bool


async def send_once(
    sender: Sender, webhook: Webhook, one: Pending, body: str, now: datetime
) -> tuple[WebhookResponse | None, str | None]:
    """Send a message; returns the response and why the message was not accepted, if it was not."""
    headers = signed(webhook.secrets_at(now), one.message_id, body, now)
    try:
        response = await sender.send(webhook.url, headers, body.encode())
    except NoResponse as problem:
        return None, str(problem)
    return response, problem_of(response.status)


async def record_attempt(
    dependencies: Dependencies,
    webhook: Webhook,
    one: Pending,
    response: WebhookResponse | None,
    problem: str | None,
) -> Recorded:
    """Store the result of an attempt, log it and count it. Raises `Unavailable`."""
    now = dependencies.clock()
    first = one.first_attempt_at or now
    attempts = one.attempts + 1
    state, due_at = MessageState.DELIVERED, now
    if problem:
        retry_after = response.retry_after if response else None
        chance, delays = dependencies.chance(), dependencies.delays_seconds
        next_at = next_attempt(attempts, first, now, chance, retry_after, delays)
        state = MessageState.PENDING if next_at else MessageState.GIVEN_UP
        due_at = next_at or now
    status = response.status if response else None
    attempt = Attempt(one.message_id, state, now, due_at, status, problem)
    disabled = await _store(dependencies, webhook, one, attempt, first)
    _report(dependencies, webhook, one, attempt, disabled)
    retry = None
    if state is MessageState.PENDING:
        retry = one._replace(attempts=attempts, first_attempt_at=first, due_at=due_at)
    return Recorded(retry, disabled is not None)


async def _store(
    dependencies: Dependencies, webhook: Webhook, one: Pending, attempt: Attempt, first: datetime
) -> str | None:
    """Store an attempt. Returns why the endpoint was disabled in the same transaction, if it was.

    `first`: when the message was first tried.
    """
    webhook_id = webhook.webhook_id

    async def write(transaction: Transaction) -> str | None:
        await transaction.webhooks.note_attempt(attempt)
        reason = None
        if attempt.status == GONE:
            reason = GONE_REASON
        elif (
            attempt.state is MessageState.GIVEN_UP
            and not await transaction.webhooks.delivered_since(webhook_id, first)
        ):
            reason = NOTHING_ACCEPTED_REASON
        if reason:
            await transaction.webhooks.set_state(webhook_id, WebhookState.DISABLED, reason)
        return reason

    order = f"{webhook_id} {one.number:020}"
    return await dependencies.committer.submit(WebhookWrite(order, write))


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

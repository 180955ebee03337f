"""The receiver of the guide to webhooks, run as it stands, takes a real message."""

import subprocess
import sys
from pathlib import Path

from seatlatch.operator_api.events import EVENTS
from seatlatch.sandbox import data
from seatlatch.webhooks.dispatcher import KEPT_DAYS, TIMES
from seatlatch.webhooks.endpoint import MESSAGES_WAITING_MAX
from seatlatch.webhooks.http_sender import ATTEMPT_SECONDS, CONNECTIONS_MAX
from seatlatch.webhooks.schedule import RETRY_AFTER_SECONDS_MAX
from tests import web
from tests.docs.pages import DOCS, blocks, prose
from tests.docs.running import environment, sandbox
from tests.docs.test_guides import IN_THE_SANDBOX
from tests.ports import free_port
from tests.serving import UNLOCK, valid_headers

GUIDE = DOCS / "guides" / "webhooks.md"
REFERENCE = DOCS / "reference" / "webhooks.md"
TOKENS = ["98973476444", "54457347644"]
OPERATOR = f"Bearer {data.OPERATOR_KEY}"
EVENT = {
    "organizationId": data.ORGANIZATION,
    "accessId": data.EVENT,
    "startsAt": "2026-12-31T20:00:00-05:00",
}
"""The event as the box office's guide puts it."""


def block_with(language: str, text: str) -> str:
    (found,) = (b.text for b in blocks(GUIDE) if b.language == language and text in b.text)
    return found


def test_its_receiver_verifies_and_prints_what_the_page_shows(tmp_path: Path) -> None:
    port = free_port()
    code = block_with("python", "class Receiver").replace("9000", str(port))
    (tmp_path / "receiver.py").write_text(code)
    secret = block_with("sh", "WEBHOOK_SECRET=").split()[0].removeprefix("WEBHOOK_SECRET=")
    url = f"http://127.0.0.1:{port}/seats"
    command = [sys.executable, "receiver.py"]
    options = environment(WEBHOOK_SECRET=secret)
    with subprocess.Popen(
        command, cwd=tmp_path, env=options, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as receiver:
        try:
            with sandbox(tmp_path, "--webhook", url) as about:
                assert about["webhook"] == url
                assert about["webhookSecret"] == secret == data.WEBHOOK_SECRET
                answer = web.put(
                    about["url"] + UNLOCK,
                    json={"tokens": TOKENS},
                    headers=valid_headers(**IN_THE_SANDBOX),
                )
                assert answer.status_code == 200
                assert receiver.stdout
                printed = receiver.stdout.readline() + receiver.stdout.readline()
                answer = web.put(
                    about["url"] + EVENTS, json=[EVENT], headers={"Authorization": OPERATOR}
                )
                assert answer.status_code == 200
                printed_event = receiver.stdout.readline()
        finally:
            receiver.kill()
    assert printed.decode() == block_with("text", "unlocked UNLOCK")
    assert printed_event.decode() == block_with("text", "SANDBOX-2026")


def test_it_takes_about_ten_lines() -> None:
    code = block_with("python", "class Receiver")
    lines = [line for line in code.splitlines() if line and "import" not in line]
    assert len(lines) <= 11


def test_the_reference_names_the_bounds_as_they_are() -> None:
    text = " ".join(prose(REFERENCE).split())
    assert f"{RETRY_AFTER_SECONDS_MAX // 3_600} hours" in text
    assert f"{ATTEMPT_SECONDS:.0f} seconds" in text
    assert f"| {MESSAGES_WAITING_MAX}, the rest" in text
    assert f"| {CONNECTIONS_MAX} |" in text
    assert f"{KEPT_DAYS} days" in text
    assert (
        f"{TIMES.lease_seconds:.0f} seconds long and renewed every {TIMES.renew_seconds:.0f}"
        in text
    )

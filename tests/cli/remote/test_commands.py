"""`seatlatch remote`, with a running service."""

import gzip
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from tests.cli.commands import environment
from tests.cli.remoting import KEYS, document, remote
from tests.client.client_kinds import MANY
from tests.client.scripted import Asked, answer, answering
from tests.client.test_batches import BUSY, failing_from, succeeding
from tests.forkserver import Command
from tests.serving import (
    OWNER,
    Served,
)

pytestmark = pytest.mark.usefixtures("nobody")


@pytest.mark.parametrize(
    ("tokens", "code", "said"),
    [
        (["listed-1", "not-listed"], 0, "2 unlocked."),
        (["listed-1", "voided", "listed-1"], 3, "1 unlocked, 1 failed."),
        (["voided", "unknown"], 1, "0 unlocked, 2 failed."),
    ],
)
def test_unlock_exits_with_what_became_of_the_whole(
    service: Served, tokens: list[str], code: int, said: str
) -> None:
    ran = remote(service.url, "unlock", *tokens)
    assert (ran.returncode, ran.stderr) == (code, "")
    assert ran.stdout.splitlines()[-1] == said


def test_unlock_as_json(service: Served) -> None:
    reported = document(remote(service.url, "unlock", "listed-1", "locked", "--json"))
    assert reported["success"] == [{"token": "listed-1", "ownerId": OWNER}]
    (failed,) = reported["failure"]
    assert (failed["token"], failed["type"]) == ("locked", "SEAT_RECORD_LOCKED")
    (request_id,) = reported["requestIds"]
    assert UUID(request_id).version == 4
    assert failed["requestId"] == request_id
    assert (reported["unanswered"], reported["error"]) == ([], None)


def test_tokens_from_everywhere(service: Served, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("\n".join(MANY[:150]) + "\n\n")
    for source, typed in ((str(tmp_path / "tokens"), b""), ("-", "\r\n".join(MANY[:150]).encode())):
        ran = remote(service.url, "unlock", "listed-1", "--file", source, "--json", typed=typed)
        reported = document(ran)
        assert [row["token"] for row in reported["success"]] == ["listed-1", *MANY[:150]]
        assert len(reported["requestIds"]) == 2


def test_lock_verify_and_what_became_of_it(service: Served) -> None:
    listing = ("--listing-id", "L-1", "--price", "95.00", "--total-price", "190")
    seller = ("--source", "BROKER", "--first-name", "Jo", "--last-name", "Doe")
    locked = document(remote(service.url, "lock", "listed-2", *listing, *seller, "--json"))
    assert [row["token"] for row in locked["success"]] == ["listed-2"]
    (verified,) = document(remote(service.url, "verify", "listed-2", "--json"))["success"]
    assert (verified["externalListingId"], verified["source"]) == ("L-1", "BROKER")
    assert (
        "listed-2  UNLOCK  mpreserve True  L-1" in remote(service.url, "verify", "listed-2").stdout
    )
    (request_id,) = locked["requestIds"]
    assert "lock" in remote(service.url, "request", request_id).stdout
    (traced,) = document(remote(service.url, "request", request_id, "--json"))["requests"]
    assert traced["success"][0]["token"] == "listed-2"


def test_verify_by_barcode(service: Served) -> None:
    ran = remote(service.url, "verify", "no-barcode", "--access-id", "GAME-1", "--json")
    (failed,) = document(ran)["failure"]
    assert (ran.returncode, failed["barcode"], failed["token"]) == (1, "no-barcode", None)


def test_events(service: Served) -> None:
    remote(service.url, "unlock", MANY[-1], MANY[-2])
    page = document(remote(service.url, "events", "--limit", "1", "--json"))
    assert len(page["events"]) == 1
    ran = remote(service.url, "events", "--after", page["next"])
    assert "unlocked  by channel" in ran.stdout
    ran = remote(service.url, "events", "--after", "latest")
    assert ran.stdout.startswith("To continue later: --after ")
    assert remote(service.url, "events", "--after", "nowhere").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["unlock"], "No tickets are given."),
        (["unlock", "--file", "no-such-file"], "Can't read no-such-file"),
        (["unlock", "a", "--config", "no-such-file"], "There is no file no-such-file."),
        (["lock", "a", "--price", "NaN"], "--price must be a number such as 12.50, not 'NaN'."),
        (["unlock", "a", "--url", "http://u:secret@h"], "--url must be without a user"),
        (["lock", "a", "--price", "cheap"], "--price must be a number such as 12.50, not 'cheap'."),
        (["lock", "a", "--source", "SCALPER"], "SCALPER"),
        (["unlock", "a", "--url", "nowhere"], "--url must be like https://api.example.com"),
        (["unlock", "\udcff"], "is not text in this terminal's encoding"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    ran = remote("http://127.0.0.1:1", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    ran = remote("http://127.0.0.1:1", "unlock", "--file", "-", typed=b"a\n\xff\n")
    assert (ran.returncode, ran.stderr) == (
        2,
        "seatlatch: Standard input is not UTF-8 at byte 2.\n",
    )


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_named_as_such(tmp_path: Path, coding: str) -> None:
    file = tmp_path / "tokens.txt"
    file.write_bytes("listed-1\nlisted-2\n".encode(coding))
    ran = remote("http://127.0.0.1:1", "unlock", "--file", str(file))
    advice = "is encoded as UTF-16. Save it as UTF-8, in a spreadsheet as CSV (UTF-8)."
    assert (ran.returncode, ran.stderr) == (2, f"seatlatch: {file} {advice}\n")


def test_a_compressed_file_is_named_with_a_command_of_remote() -> None:
    typed = gzip.compress(b"listed-1\n")
    ran = remote("http://127.0.0.1:1", "unlock", "--file", "-", typed=typed)
    assert ran.returncode == 2
    assert "`gzip -dc FILE | seatlatch remote unlock --file -`." in ran.stderr


AROUND = [" ", "\t", "\r", "\xa0", "\u200b", "\ufeff", "\u2060", "\x00", "\u3000", " \u200e\t"]


def test_what_is_around_a_token_in_a_file_is_left_out(service: Served) -> None:
    lines = [f"{around}listed-1{around}" for around in AROUND]
    lines += ["listed-2", *AROUND, "", "one\u2028line", "one\x85line", "with \u200b blanks"]
    typed = "\ufeff" + "\n".join(lines) + "\r\n"
    reported = document(remote(service.url, "unlock", "--file", "-", "--json", typed=typed))
    assert [row["token"] for row in reported["success"]] == ["listed-1", "listed-2"]
    assert [row["token"] for row in reported["failure"]] == lines[-3:]


def test_a_token_on_the_command_line_is_taken_as_it_is(service: Served) -> None:
    reported = document(remote(service.url, "unlock", " listed-1", "--json"))
    assert [row["token"] for row in reported["failure"]] == [" listed-1"]


def test_standard_input_may_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(
        ["sh", "-c", f"{sys.executable} -m seatlatch remote unlock --file - <&-"],
        env=environment({"SEATLATCH_REMOTE_URL": "http://127.0.0.1:1", **KEYS}),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, "Standard input is closed" in errors) == (2, True)


def test_one_document_also_if_nothing_was_answered() -> None:
    reported = document(remote("http://127.0.0.1:1", "unlock", "a", "b", "--json"))
    assert (reported["success"], reported["unanswered"]) == ([], ["a", "b"])
    assert reported["error"].startswith("No connection (")


HTML = answer(200, "<html>Sign in</html>", kind="text/html")
COMPRESSED = answer(200, "{}", "Content-Encoding: br")


@pytest.mark.parametrize("reported", [None, HTML, COMPRESSED], ids=["nothing", "HTML", "br"])
def test_a_problem_names_no_argument_that_the_command_lacks(reported: bytes | None) -> None:
    with answering([reported or b""]) as server:
        url = server.url if reported else "http://127.0.0.1:1"
        ran = remote(url, "unlock", "a")
    assert ran.returncode == 1
    assert "Check the service's address" in ran.stderr
    assert "base_url" not in ran.stderr


def test_an_empty_file_is_nothing_to_do() -> None:
    ran = remote("http://127.0.0.1:1", "unlock", "--file", "-")
    assert (ran.returncode, ran.stdout) == (0, "0 unlocked.\n")


def test_what_was_answered_before_a_failure_is_reported() -> None:
    with answering(failing_from(1, BUSY.replace(b"Retry-After: 0", b"Retry-After: 99"))) as server:
        ran = remote(server.url, "unlock", *MANY[:250], "--json")
    reported = document(ran)
    assert ran.returncode == 3
    assert [row["token"] for row in reported["success"]] == MANY[:100]
    assert reported["unanswered"] == MANY[100:250]
    assert reported["error"] in ran.stderr
    assert "503 SERVICE_UNAVAILABLE" in reported["error"]


def test_ctrl_c_tells_what_was_answered_before() -> None:
    processes: list[subprocess.Popen[str]] = []

    def script(asked: Asked) -> bytes:
        if asked.number == 0:
            return succeeding(asked)
        processes[0].send_signal(signal.SIGINT)
        processes[0].wait(30)
        return succeeding(asked)

    with answering(script) as server:
        known = environment({"SEATLATCH_REMOTE_URL": server.url, **KEYS})
        arguments = ["remote", "unlock", *MANY[:250], "--json"]
        with Command(
            arguments, env=known, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            processes.append(process)
            output, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    reported = json.loads(output)
    assert [row["token"] for row in reported["success"]] == MANY[:100]
    assert reported["unanswered"] == MANY[100:250]
    assert "it is safe to send them again" in errors


def test_a_long_list_shows_progress_on_a_terminal() -> None:
    master, terminal = pty.openpty()
    with answering(succeeding) as server:
        known = environment({"SEATLATCH_REMOTE_URL": server.url, **KEYS, "TERM": "xterm"})
        arguments = ["remote", "unlock", *MANY]
        process = Command(arguments, env=known, stdout=subprocess.PIPE, stderr=terminal)
        os.close(terminal)
        shown = b""
        while b"100%" not in shown:
            shown += os.read(master, 10_000)
        output, _ = process.communicate(timeout=60)
    os.close(master)
    assert output.decode() == f"{len(MANY):,} unlocked.\n"

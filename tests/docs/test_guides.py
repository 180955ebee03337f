"""What the guides promise beyond their single examples."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import apsw

from tests import web
from tests.docs.answers import same_answer
from tests.docs.pages import DOCS, Block, blocks
from tests.docs.running import require_curl, run_shell, sandbox
from tests.docs.test_examples import OPERATOR, in_turn
from tests.ports import free_port
from tests.serving import UNLOCK, valid_headers

MARKETPLACE = DOCS / "guides" / "marketplace.md"
END_OF_BLOCK = "=== end of block ===\n"
"""Below those that the system gives to whoever connects, so that a free one stays free."""

IN_THE_SANDBOX = {
    "authorization": "Bearer sandbox-access-token",
    "pac_application_id": "com.mycompany.myapp",
    "pac_api_key": "sandbox-api-key",
    "pac_channel_code": "my-application",
}


def test_the_operators_guide_leads_to_an_unlock(tmp_path: Path) -> None:
    """All its commands as one script in an empty folder; the last call answers 200."""
    require_curl()
    port = free_port()
    commands = [block.text for block in blocks(OPERATOR) if block.language == "sh"]
    script = "".join(f"{text}echo '{END_OF_BLOCK[:-1]}'\n" for text in commands)
    url = f"http://127.0.0.1:{port}"
    printed = run_shell(script, url, tmp_path, SEATLATCH_PORT=str(port))
    *outputs, rest = printed.split(END_OF_BLOCK)
    assert not rest
    assert len(outputs) == len(commands)

    output, calls = iter(outputs), []
    for sent, answer, shown in in_turn(OPERATOR, lambda _: next(output)):
        same_answer(shown, answer, sent)
        calls += [(sent, answer)] if shown.language == "http" else []
    sent, answer = calls[-1]
    assert UNLOCK in sent
    assert answer.startswith("HTTP/1.1 200 ")


def test_it_takes_ten_commands() -> None:
    numbers = re.findall(r"^## (\d+)\. ", OPERATOR.read_text("utf-8"), re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 11)]


def answer_apart(status: str) -> Block:
    """What the marketplace's guide shows for a status that must be brought about."""
    (block,) = (b for b in blocks(MARKETPLACE) if b.text.startswith(f"HTTP/1.1 {status}"))
    return block


def unlock_in(url: str) -> str:
    """An unlock of a sandbox's ticket; the answer as curl shows it."""
    headers = valid_headers(**IN_THE_SANDBOX)
    answer = web.put(url + UNLOCK, json={"tokens": ["201010101"]}, headers=headers, timeout=10)
    lines = [f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\n".join(lines) + "\n\n" + answer.text


def test_who_is_too_fast_is_answered_as_the_guide_says(tmp_path: Path) -> None:
    with sandbox(tmp_path, SEATLATCH_RATE_LIMIT="1:1") as about:
        answers = [unlock_in(about["url"]) for _ in range(4)]
    assert answers[0].startswith("HTTP/1.1 200 ")
    refused = [answer for answer in answers if not answer.startswith("HTTP/1.1 200 ")]
    same_answer(answer_apart("429"), refused[0], "")


def test_a_database_that_does_not_confirm_is_answered_as_the_guide_says(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sandbox.db'}"
    with sandbox(tmp_path, "--database", url) as about:
        other = apsw.Connection(urlsplit(about["database"]).path.removeprefix("/"))
        other.execute("BEGIN IMMEDIATE")
        answer = unlock_in(about["url"])
        other.close()
    same_answer(answer_apart("503"), answer, "")

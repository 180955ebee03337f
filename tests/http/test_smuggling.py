"""Request smuggling, directly and behind two proxies, and the controls of the campaign."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from uuid import uuid4

import pytest

from tests.cases import all_cases
from tests.http.fuzzed_server import fuzzed_server
from tests.http.rfc_9112 import requests_in
from tests.http.smuggling import (
    DIRECT,
    Answer,
    Attack,
    Way,
    look,
    run,
    run_on,
    sent_by,
    served_unseen,
    through_proxy,
)
from tests.http.smuggling_forms import Form
from tests.http.smuggling_more_forms import all_forms
from tests.serving import ACCESS_TOKEN

pytestmark = pytest.mark.slow

FORMS_MIN = 100
FORMS = {form.name: form for form in all_forms()}
AUTHORIZATION = f"Authorization: Bearer {ACCESS_TOKEN}\r\n".encode()


def attack_of(form: Form, way: Way) -> Attack:
    """One attack."""
    return Attack(form, way, *(str(uuid4()) for _ in range(4)))


def test_there_are_many_forms() -> None:
    assert len(FORMS) == len(all_forms()) >= FORMS_MIN


@all_cases("form", FORMS.values(), ids=FORMS)
def test_the_reader_reads_a_form_as_it_says(form: Form) -> None:
    attack = attack_of(form, Way(DIRECT, 0))
    seen = requests_in(sent_by(attack))
    own = [one for one in seen if one.request_ids == (attack.inner.encode(),)]
    assert any(one.lacks == "nothing" for one in own) == form.reaches


@pytest.mark.parametrize(
    "ways",
    [[DIRECT], ["HAProxy", "lenient HAProxy"], ["nginx", "lenient nginx"]],
    ids=[DIRECT, "HAProxy", "nginx"],
)
def test_nothing_is_smuggled(ways: Sequence[str]) -> None:
    report = run_on(ways, all_forms())
    assert report.violations == []
    assert len(report.attacks) == len(FORMS) * len(ways)
    for way in ways:
        assert report.served[way] > 0, "no inner request was served at all"
        assert report.statuses[f"{way}: ours 200"] > 0
        assert report.statuses[f"{way}: ours 400"] > 0


@contextmanager
def credulous_proxy(to_port: int) -> Iterator[Way]:
    """A proxy that adds the access token to the first request of a connection, and parses no
    further.
    """
    ready = threading.Event()
    found: list[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to_port)
        first = await reader.readline()
        far_writer.write(first + AUTHORIZATION + await reader.read(65_536))
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                while data := await far_reader.read(65_536):
                    writer.write(data)
        for each in (far_writer, writer):
            each.close()

    async def serve() -> None:
        over = asyncio.Event()
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        found.append((asyncio.get_running_loop(), over, server.sockets[0].getsockname()[1]))
        ready.set()
        await over.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="credulous")
    thread.start()
    assert ready.wait(5)
    ((loop, over, port),) = found
    try:
        yield Way("credulous", port)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)


def test_the_campaign_sees_a_smuggled_request() -> None:
    form = FORMS["plain: behind a body"]
    with fuzzed_server(SEATLATCH_LOG_LEVEL="info") as server:
        with credulous_proxy(server.port) as way:
            report = run(server, [way], [form])
        assert report.violations == []
        server.stop()
        look(report, server)
    (violation,) = report.violations
    assert "unseen by the proxy" in violation


OUTER, INNER, BEHIND = "outer", "inner", "behind"
PROXIED = Attack(FORMS["plain: within a body"], Way("proxied", 0), OUTER, INNER, BEHIND, "victim")
AT_LAST = Answer(200, BEHIND, b'\r\n\r\n{"status":"alive"}')
WRONG: dict[str, list[Answer]] = {
    "a 500 of ours": [Answer(500, OUTER, b""), AT_LAST],
    "out of order": [Answer(200, INNER, b""), Answer(200, OUTER, b""), AT_LAST],
    "twice": [Answer(200, OUTER, b""), Answer(200, OUTER, b""), AT_LAST],
    "of nobody": [Answer(200, "another", b""), AT_LAST],
    "behind the last": [AT_LAST, Answer(400, "another", b"")],
    "another result": [Answer(200, OUTER, b""), AT_LAST._replace(text=b"{}")],
}


@pytest.mark.parametrize("answers", WRONG.values(), ids=WRONG)
def test_the_campaign_sees_responses_that_are_wrong(answers: list[Answer]) -> None:
    assert list(through_proxy(PROXIED, answers))


def test_the_campaign_lets_responses_pass_that_are_right() -> None:
    of_proxy = Answer(502, "", b"")
    for answers in ([Answer(200, OUTER, b""), AT_LAST], [Answer(400, "x", b"")], [of_proxy], []):
        assert not list(through_proxy(PROXIED, answers))


@pytest.mark.parametrize(
    ("way", "statuses", "unlocked"),
    [(DIRECT, [200], True), (DIRECT, [], True), ("proxied", [401], False), ("proxied", [], True)],
)
def test_the_campaign_sees_what_became_of_an_inner_request(
    way: str, statuses: list[object], unlocked: bool
) -> None:
    attack = PROXIED._replace(way=Way(way, 0))
    assert list(served_unseen(attack, statuses, unlocked))
    assert not list(served_unseen(attack, [], unlocked=False))

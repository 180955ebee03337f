"""A campaign: all forms of request smuggling, directly and through HAProxy and nginx.

`python -m tests.http.smuggling` sends each form, followed by a valid request, and another one
on a second connection. The smuggled request must never be served, unless the proxy has seen it as
a request of its own. Exits with 1 after a violation.
"""

import argparse
import asyncio
import json
import re
import socket
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from uuid import uuid4

from tests.http.connection_judge import Heard, Sentinel, judge
from tests.http.fuzz_bytes import TICKETS
from tests.http.fuzzed_server import FuzzedServer, complaints_in, fuzzed_server
from tests.http.proxies import KINDS, proxy
from tests.http.raw_client import Ending, talk
from tests.http.rfc_9112 import requests_in
from tests.http.smuggling_forms import Form
from tests.http.smuggling_more_forms import all_forms
from tests.http.wire import put, tokens_body
from tests.serving import add_tickets, listed, raw_request, valid_headers

AT_ONCE = 64
SECONDS_MAX = 12.0
"""A connection that takes longer hangs. Both the proxies and the server have given up before."""

DIRECT = "direct"
ALIVE = b'{"status":"alive"}'
WITH_TOKEN: dict[str, Any] = {}
WITHOUT_TOKEN: dict[str, Any] = {"authorization": None}
_RESPONSE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])[^\r\n]*\r\n")
_REQUEST_ID = re.compile(rb"\r\nrequest-id: ([^\r\n]*)\r\n", re.IGNORECASE)


class Way(NamedTuple):
    """The route of a form to the server: `address` is a port, or a socket file."""

    name: str
    address: int | Path

    @property
    def is_direct(self) -> bool:
        """Whether there is no proxy."""
        return self.name == DIRECT


class Attack(NamedTuple):
    """One form on one route, with the Request-IDs of its requests and its target ticket."""

    form: Form
    way: Way
    outer: str
    inner: str
    behind: str
    victim: str

    @property
    def ticket(self) -> str:
        """The ticket that the inner request unlocks."""
        return f"guarded-{self.inner}"

    @property
    def name(self) -> str:
        """The name of the attack."""
        return f"{self.form.name} ({self.way.name})"


class Answer(NamedTuple):
    """A received response. `request_id`: empty if the proxy made it."""

    status: int
    request_id: str
    text: bytes


class Report:
    """The result of a campaign."""

    def __init__(self) -> None:
        self.attacks: list[Attack] = []
        self.violations: list[str] = []
        self.statuses: Counter[str] = Counter()
        self.served: Counter[str] = Counter()
        self.seconds = 0.0

    def add(self, attack: Attack, violations: Sequence[str], answers: Sequence[Answer]) -> None:
        """Count one attack."""
        self.attacks.append(attack)
        self.violations += [f"{attack.name}: {text}" for text in violations]
        for answer in answers:
            whose = "ours" if answer.request_id else "the proxy's"
            self.statuses[f"{attack.way.name}: {whose} {answer.status}"] += 1


def sent_by(attack: Attack) -> bytes:
    """The form, followed by the valid request. Requests to a proxy have no access token."""
    changes = WITH_TOKEN if attack.way.is_direct else WITHOUT_TOKEN
    headers = valid_headers(request_id=attack.outer, **changes)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    inner = put(tokens_body(attack.ticket), request_id=attack.inner, **changes)
    form = attack.form.sent(b"Host: 127.0.0.1\r\n" + lines.encode(), inner)
    return form + raw_request([("Request-ID", attack.behind)], b"", target="/livez", method="GET")


async def call(way: Way, data: bytes) -> Heard:
    """The bytes received until the end of a connection."""
    family, address = (
        (socket.AF_INET, ("127.0.0.1", way.address))
        if isinstance(way.address, int)
        else (socket.AF_UNIX, str(way.address))
    )
    with socket.socket(family) as connection:
        connection.setblocking(False)
        async with asyncio.timeout(SECONDS_MAX):
            await asyncio.get_running_loop().sock_connect(connection, address)
            ending: Ending = "at once" if way.is_direct else "never"
            return await talk(connection, [data], ending, b"")


def answers_in(received: bytes) -> list[Answer]:
    """All responses except 100, found by their status lines, which no body contains."""
    found = list(_RESPONSE.finditer(received))
    ends = [*(one.start() for one in found), len(received)][1:]
    answers = []
    for one, end in zip(found, ends, strict=bool(found)):
        text = received[one.end() - 2 : end]
        named = _REQUEST_ID.search(text.partition(b"\r\n\r\n")[0] + b"\r\n")
        request_id = named[1].decode("latin-1") if named else ""
        answers.append(Answer(int(one[1]), request_id, text))
    return [answer for answer in answers if answer.status != 100]


async def attack_once(attack: Attack, report: Report) -> None:
    """Send one form; at the same time and afterwards, another client sends a valid request."""
    try:
        heard, at_once = await asyncio.gather(call(attack.way, sent_by(attack)), victim_of(attack))
        afterwards = await victim_of(attack)
    except (TimeoutError, OSError) as error:
        report.add(attack, [f"no end within {SECONDS_MAX} s: {error!r}"], [])
        return
    answers = answers_in(heard.received)
    found = [*at_once, *afterwards]
    if attack.way.is_direct:
        sentinel = Sentinel(b"", attack.behind, ALIVE)
        seen = requests_in(sent_by(attack))
        found += judge(seen, sentinel, heard).violations
    else:
        found += through_proxy(attack, answers)
    report.add(attack, [f"{text}, got {heard.received!r}" for text in found], answers)


async def victim_of(attack: Attack) -> list[str]:
    """The faults of the response to the other client's request."""
    changes = WITH_TOKEN if attack.way.is_direct else WITHOUT_TOKEN
    token = f"free-{int(attack.victim[:8], 16) % TICKETS}"
    request = put(tokens_body(token), ("Connection", "close"), request_id=attack.victim, **changes)
    received = (await call(attack.way, request)).received
    answers = answers_in(received)
    is_right = [(one.status, one.request_id) for one in answers] == [
        (200, attack.victim)
    ] and f'"{token}"'.encode() in answers[0].text
    return [] if is_right else [f"somebody else got {received!r}"]


def through_proxy(attack: Attack, answers: Sequence[Answer]) -> Iterator[str]:
    """The faults of the service's responses that came through a proxy."""
    expected = [attack.outer, attack.inner, attack.behind]
    ours = [answer for answer in answers if answer.request_id]
    places = [expected.index(one.request_id) for one in ours if one.request_id in expected]
    if places != sorted(set(places)):
        yield "responses are out of order, or come twice"
    for answer in ours:
        if answer.status >= 500:
            yield f"status {answer.status} of ours"
        if answer.request_id not in expected and not 400 <= answer.status < 500:
            yield f"status {answer.status} under the Request-ID of nobody"
    behind = [one for one in answers if one.request_id == attack.behind]
    if behind and behind[0] is not answers[-1]:
        yield "there is a response behind the last one"
    elif behind and not (behind[0].status == 200 and behind[0].text.endswith(ALIVE)):
        yield f"the request behind got {behind[0].status}"


def served_unseen(attack: Attack, statuses: Sequence[object], unlocked: bool) -> Iterator[str]:
    """The faults in the result of the inner request. `statuses`: the logged ones."""
    if attack.way.is_direct and statuses and not attack.form.reaches:
        yield f"the inner request was served: {statuses}"
    if not attack.way.is_direct and 401 in statuses:
        yield "the inner request came to the server unseen by the proxy"
    if unlocked and 200 not in statuses:
        yield "the ticket is unlocked, but not by the inner request"
    if len(statuses) > 1:
        yield f"the inner request was served {len(statuses)} times"


def attacks_on(ways: Sequence[Way], forms: Sequence[Form]) -> list[Attack]:
    """Each form on each route."""
    return [Attack(form, way, *(str(uuid4()) for _ in range(4))) for form in forms for way in ways]


async def attack_all(attacks: Sequence[Attack], report: Report) -> None:
    """Several at once, so that proxies share connections between them."""
    waiting = iter(attacks)

    async def attacker() -> None:
        for attack in waiting:
            await attack_once(attack, report)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(attacker())


def run(server: FuzzedServer, ways: Sequence[Way], forms: Sequence[Form]) -> Report:
    """All of these attacks on a server that logs what it serves."""
    attacks = attacks_on(ways, forms)
    add_tickets(server.database, [listed(attack.ticket) for attack in attacks])
    report = Report()
    began = perf_counter()
    asyncio.run(attack_all(attacks, report))
    report.seconds = perf_counter() - began
    return report


def look(report: Report, server: FuzzedServer) -> None:
    """Add the findings in the log and the inventory to a report. The server must have stopped."""
    log = server.log()
    logged: dict[object, list[object]] = {}
    for line in log:
        logged.setdefault(line.get("requestId"), []).append(line.get("status"))
    reserved = server.database.mpreserve_of()
    for attack in report.attacks:
        statuses = logged.get(attack.inner, [])
        report.served[attack.way.name] += bool(statuses)
        found = served_unseen(attack, statuses, not reserved[attack.ticket])
        report.violations += [f"{attack.name}: {text}" for text in found]
    report.violations += complaints_in(log)


def run_on(names: Sequence[str], forms: Sequence[Form]) -> Report:
    """Run all of these forms on the named routes: DIRECT, or a proxy."""
    with fuzzed_server(SEATLATCH_LOG_LEVEL="info") as server:
        with ExitStack() as stack:
            ways = [Way(DIRECT, server.port)] if DIRECT in names else []
            for kind in KINDS:
                if kind.name in names:
                    ways.append(Way(kind.name, stack.enter_context(proxy(kind, server.port))))
            report = run(server, ways, forms)
        server.stop()
        look(report, server)
    return report


def lines_of(report: Report) -> Iterator[str]:
    """The report in words."""
    forms = {attack.form.name for attack in report.attacks}
    ways = {attack.way.name for attack in report.attacks}
    yield (
        f"{len(forms)} forms on {len(ways)} ways in {report.seconds:.0f} s,"
        f" {len(report.violations)} violations"
    )
    yield f"inner requests that were served because they were seen: {json.dumps(report.served)}"
    yield f"responses: {json.dumps(dict(sorted(report.statuses.items())))}"


def main() -> int:
    """Run the command line; returns the exit code."""
    names = [DIRECT, *(kind.name for kind in KINDS)]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ways", nargs="*", choices=names, default=names)
    parser.add_argument("--form", default="", help="only forms whose name contains this")
    asked = parser.parse_args()
    forms = [form for form in all_forms() if asked.form in form.name]
    report = run_on(asked.ways, forms)
    for line in [*report.violations, *lines_of(report)]:
        sys.stdout.write(line + "\n")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())

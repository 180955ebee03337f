"""Several workers on one port: crashes, stops, and what they share."""

import os
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from time import monotonic

import pytest

from seatlatch.cli import supervisor
from seatlatch.http.acceptor import listen
from tests.cases import all_cases
from tests.cli.supervised import (
    BODY,
    DEADLINE_SECONDS,
    HEADERS,
    UNLOCK,
    WORKERS,
    Supervised,
    imports,
    make_inventory,
    revoke,
    supervised,
)
from tests.postgres import server_url
from tests.waiting import until

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

Stop = Callable[[int], None]
HANG_SECONDS = supervisor.SILENT_SECONDS_MAX
STOPS: dict[str, Stop] = {
    "SIGHUP": lambda pid: os.kill(pid, signal.SIGHUP),
    "SIGTERM": lambda pid: os.kill(pid, signal.SIGTERM),
    "Ctrl-C": lambda pid: os.killpg(pid, signal.SIGINT),
}


@pytest.fixture(scope="module")
def url_of() -> Iterator[Callable[[str], str]]:
    with server_url() as url_of:
        yield url_of


@pytest.fixture
def url(url_of: Callable[[str], str]) -> str:
    return make_inventory(url_of)


@pytest.fixture
def service(url: str) -> Iterator[Supervised]:
    with supervised(url) as running:
        yield running


def kill(*pids: int) -> None:
    """End processes as a crash would, and wait for that."""
    with ExitStack() as stack:
        ends = [os.pidfd_open(pid) for pid in pids]
        for end in ends:
            stack.callback(os.close, end)
            signal.pidfd_send_signal(end, signal.SIGKILL)
        wait_for(*ends)


def wait_for(*ends: int) -> None:
    """Wait until the processes of these descriptors have ended."""
    for end in ends:
        assert select.select([end], [], [], DEADLINE_SECONDS)[0]


@contextmanager
def workers_end(service: Supervised) -> Iterator[None]:
    """Wait at the end until all workers have ended."""
    ends = [os.pidfd_open(pid) for pid in service.workers()]
    yield
    wait_for(*ends)
    for end in ends:
        os.close(end)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS)


def refused(port: int) -> bool:
    """Whether nothing listens there any longer."""
    try:
        connect(port).close()
    except ConnectionError:
        return True
    return False


def test_killed_workers_are_replaced_and_what_waits_for_them_is_answered(
    service: Supervised,
) -> None:
    old = service.workers()
    assert len(old) == WORKERS
    for pid in old:
        os.kill(pid, signal.SIGSTOP)
    with ExitStack() as stack:
        waiting = [stack.enter_context(connect(service.port)) for _ in range(20)]
        for connection in waiting:
            connection.sendall(LIVEZ)
        kill(*old)
        answers = [connection.recv(65536) for connection in waiting]
    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 20
    assert set(service.statuses("/livez", 20)) == {200}
    assert service.workers().isdisjoint(old)
    assert service.replaced() == ["It ended by SIGKILL and is replaced."] * WORKERS


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_log_that_cant_be_written_ends_neither_the_supervisor_nor_a_worker(
    url: str, log_format: str
) -> None:
    with supervised(url, standard_error="/dev/full", LOG_FORMAT=log_format) as service:
        old = service.workers()
        kill(min(old))
        service.new_workers(old, 1)
        assert set(service.statuses("/livez", 20)) == {200}
        until(lambda: service.metric("seatlatch_log_lines_dropped_total") > 0)
        assert service.process.poll() is None


def test_metrics_are_summed_and_nothing_of_a_dead_worker_is_lost(service: Supervised) -> None:
    asked = {"route": "/livez", "status": "200"}
    assert service.metric("seatlatch_workers_replaced_total") == 0
    service.statuses("/livez", 20)
    until(lambda: service.metric("seatlatch_requests_total", **asked) == 20)
    kill(*service.workers())
    service.statuses("/livez", 10)
    until(lambda: service.metric("seatlatch_requests_total", **asked) == 30)
    until(lambda: service.metric("seatlatch_request_seconds_count", route="/livez") == 30)
    until(lambda: service.metric("seatlatch_workers_replaced_total") == WORKERS)
    assert service.metric("seatlatch_build_info") == 1
    assert "seatlatch_waiting_requests 0.0" in service.call("/metrics")[1].decode()


def test_nothing_depends_on_the_temporary_folder(service: Supervised) -> None:
    shutil.rmtree(service.temporary)
    old = service.workers()
    kill(min(old))
    service.new_workers(old, 1)
    assert set(service.statuses("/livez", 20)) == {200}
    assert service.call("/metrics")[0] == 200
    assert service.call(UNLOCK)[0] == 422
    service.temporary.mkdir()


def test_a_worker_that_hangs_is_replaced_and_no_new_connection_waits_for_it(
    service: Supervised,
) -> None:
    old = service.workers()
    os.kill(min(old), signal.SIGSTOP)
    started = monotonic()
    assert set(service.statuses("/livez", 40)) == {200}
    assert monotonic() - started < HANG_SECONDS
    service.new_workers(old, 1)
    assert monotonic() - started < HANG_SECONDS + DEADLINE_SECONDS
    until(lambda: len(service.replaced()) == 2)
    killed, replaced = service.replaced()
    assert "has not responded for" in killed
    assert replaced == "It ended by SIGKILL and is replaced."


def test_who_dies_young_again_and_again_is_started_after_a_while(service: Supervised) -> None:
    seen = service.workers()
    victim = min(seen)
    for _ in range(3):
        kill(victim)
        died = monotonic()
        (victim,) = service.new_workers(seen, 1)
        seen.add(victim)
    assert monotonic() - died > 1
    assert len(service.replaced()) == 3
    assert set(service.statuses("/livez", 20)) == {200}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_a_stop_answers_what_was_accepted(service: Supervised, stop: Stop) -> None:
    headers = {**HEADERS, "Host": "x", "Content-Length": str(len(BODY)), "Expect": "100-continue"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with workers_end(service), connect(service.port) as connection:
        connection.sendall(f"PUT {UNLOCK} HTTP/1.1\r\n{head}\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        stop(service.process.pid)
        until(lambda: refused(service.port))
        connection.sendall(BODY)
        assert b'"unknown"' in connection.recv(65536)
    assert service.process.wait(DEADLINE_SECONDS) == 0
    assert "Traceback" not in service.log()


def test_a_second_signal_ends_it_at_once(service: Supervised) -> None:
    with workers_end(service), connect(service.port) as connection:
        connection.sendall(LIVEZ[:-4])  # a request that does not arrive delays the stop
        until(lambda: service.metric("seatlatch_open_connections") >= 1)
        service.process.terminate()
        until(lambda: refused(service.port))
        with pytest.raises(subprocess.TimeoutExpired):
            service.process.wait(1)
        service.process.terminate()
        assert service.process.wait(2) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("stop", "imported"), [*zip(STOPS.values(), ("httptools", "psycopg", "uvloop"), strict=True)]
)
def test_a_stop_while_workers_start_is_not_lost(url: str, stop: Stop, imported: str) -> None:
    with closing(Supervised(url, 0)) as starting:
        until(lambda: any(imports(pid, imported) for pid in starting.workers()))
        stop(starting.process.pid)
        assert starting.process.wait(DEADLINE_SECONDS) == 0
        assert starting.log() == ""


def test_nor_is_one_while_they_are_replaced(service: Supervised) -> None:
    old = service.workers()
    kill(*old)
    service.new_workers(old)
    service.process.terminate()
    assert service.process.wait(DEADLINE_SECONDS) == 0
    assert "Traceback" not in service.log()


def test_without_their_supervisor_workers_end_and_leave_the_port(service: Supervised) -> None:
    with workers_end(service):
        service.process.kill()
    listen("127.0.0.1", service.port).close()
    assert "Traceback" not in service.log()


def test_they_do_so_during_a_drain_too(url: str) -> None:
    with supervised(url, DRAIN_SECONDS="600") as service, workers_end(service):
        service.process.terminate()
        until(lambda: service.call("/readyz")[0] == 503)
        service.process.kill()


@all_cases("workers", ["1", "2"])
def test_a_port_that_workers_have_is_in_use(url: str, service: Supervised, workers: str) -> None:
    with closing(Supervised(url, service.port, WORKERS=workers)) as second:
        assert second.process.wait(DEADLINE_SECONDS) == 1
        (sentence,) = second.log().splitlines()
    assert sentence.startswith(f"seatlatch: Can't listen on 127.0.0.1 port {service.port} ")


def test_workers_dont_join_a_service_that_runs_alone(url: str) -> None:
    with supervised(url, WORKERS="1") as alone, closing(Supervised(url, alone.port)) as second:
        assert second.process.wait(DEADLINE_SECONDS) == 1
        assert "Can't listen on" in second.log()


def test_sqlite_has_one_worker() -> None:
    with closing(Supervised("sqlite:///unused.db", 0)) as starting:
        assert starting.process.wait(DEADLINE_SECONDS) == 2
        (sentence,) = starting.log().splitlines()
        assert "SQLite" in sentence


def test_what_is_printed_is_one_document(url: str) -> None:
    with closing(Supervised(url, 0)) as starting:
        about = starting.begun()
        assert starting.call()[0] == 200
        starting.process.terminate()
        output, _ = starting.process.communicate(timeout=DEADLINE_SECONDS)
        assert (output, about["url"]) == (b"", f"http://127.0.0.1:{starting.port}")
        assert set(about) == {"url", "database"}


def test_the_rate_is_an_applications_and_not_a_workers(url: str) -> None:
    burst = 10
    with supervised(url, RATE_LIMIT=f"1:{burst}") as service:
        started = monotonic()
        statuses = service.statuses(UNLOCK, 40)
        refilled = int(monotonic() - started) + 1
    let_through = [status for status in statuses if status != 429]
    assert set(let_through) == {422}
    assert burst <= len(let_through) <= burst + refilled


def test_what_is_revoked_is_refused_by_all_workers_within_a_second(url: str) -> None:
    with supervised(url) as service:
        assert set(service.statuses(UNLOCK, 20)) == {422}
        revoke(url)
        revoked = monotonic()
        while monotonic() < revoked + 1:  # others continue to call
            assert service.call(UNLOCK)[0] in (401, 422)
        assert service.statuses(UNLOCK, 40) == [401] * 40

"""The sink: it never waits and never raises, and it reports the lines that it must drop."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seatlatch.sink import QUEUE_BYTES_MAX, Sink, SinkText

LINE = b"%05d " + b"x" * 993 + b"\n"
MORE_THAN_IT_HOLDS = 4 * QUEUE_BYTES_MAX // 1000

full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(writer)


def reported(lines: int) -> bytes:
    return b"%d lines lost\n" % lines


def test_lines_come_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb", buffering=0) as file:
        sink = Sink(file.fileno())
        for number in range(500):
            sink.write(LINE % number)
        assert sink.flush(30)
    assert path.read_bytes() == b"".join(LINE % number for number in range(500))
    assert sink.dropped_lines == 0


def test_a_pipe_without_a_reader_loses_lines_until_it_is_read(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    sink = Sink(writer, reported)
    for number in range(MORE_THAN_IT_HOLDS):
        sink.write(LINE % number)
    assert not sink.flush(0.0)
    lost = sink.dropped_lines
    assert lost >= MORE_THAN_IT_HOLDS - 2 * QUEUE_BYTES_MAX // 1000 - 64 * 1024 // 1000
    received = b""
    while b"lines lost" not in received:
        received += os.read(reader, 65536)
    sink.write(b"end\n")
    while not received.endswith(b"end\n"):
        received += os.read(reader, 65536)
    lines = received.splitlines(keepends=True)
    assert sink.dropped_lines >= lost
    (report,) = (line for line in lines if b"lost" in line)
    assert report == reported(sink.dropped_lines)
    assert len(lines) - 2 + sink.dropped_lines == MORE_THAN_IT_HOLDS
    os.close(reader)


def test_a_pipe_that_is_closed(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.close(reader)
    sink = Sink(writer, reported)
    for number in range(10):
        sink.write(LINE % number)
    assert sink.flush(30)
    assert sink.dropped_lines == 10
    sink.report = None  # or it would be tried again when the pipe is closed
    assert sink.flush(30)


@full
def test_lines_lost_on_a_full_disk_are_reported_when_there_is_space_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    descriptor = os.open("/dev/full", os.O_WRONLY)
    sink = Sink(descriptor, reported)
    sink.write(b"lost\n")
    assert sink.flush(30)
    with path.open("wb") as file:
        os.dup2(file.fileno(), descriptor)
    sink.write(b"kept\n")
    assert sink.flush(30)
    assert path.read_bytes() == reported(1) + b"kept\n"
    os.close(descriptor)


def test_a_pipe_that_another_process_made_non_blocking_is_waited_for(
    pipe: tuple[int, int],
) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    sink = Sink(writer)
    for number in range(200):
        sink.write(LINE % number)
    received = b""
    while len(received) < 200 * len(LINE % 0):
        received += os.read(reader, 65536)
    assert received == b"".join(LINE % number for number in range(200))
    os.close(reader)


def test_a_text_file_passes_on_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb", buffering=0) as file:
        sink = Sink(file.fileno())
        text = SinkText(sink, file.fileno())
        print("a", "b\udcff", end="", file=text)
        print(" c", file=text)
        assert not text.isatty()
        assert sink.flush(30)
    assert path.read_bytes() == b"a b\\udcff c\n"


WITH_A_FORK = """
import os, sys
from seatlatch.sink import STANDARD_ERROR
STANDARD_ERROR.write(b"parent\\n")
STANDARD_ERROR.flush(30)
STANDARD_ERROR.write(b"only the parent\\n")
child = os.fork()
if child == 0:
    STANDARD_ERROR.write(b"child\\n")
    sys.exit(0)
os.waitpid(child, 0)
"""


def test_a_child_process_writes_its_own_lines_and_no_line_of_its_parent() -> None:
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITH_A_FORK],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert sorted(result.stderr.splitlines()) == [b"child", b"only the parent", b"parent"]


AT_ITS_END = """
import os
from seatlatch.sink import STANDARD_ERROR
os.set_blocking(2, True)
for number in range(1000):
    STANDARD_ERROR.write(b"x" * 999 + b"\\n")
"""


def test_a_process_ends_even_if_its_output_is_not_read(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    subprocess.run([sys.executable, "-c", AT_ITS_END], stderr=writer, timeout=30, check=True)
    os.close(reader)

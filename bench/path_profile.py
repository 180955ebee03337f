"""`python -m bench.path_profile`: shows in which parts of the code a request spends its time.

It interrupts `bench.path` after every millisecond of processor time, and counts the module of this
project that is running. Time in libraries and in the interpreter counts for the module that called
them.
"""

import argparse
import gc
import os
import signal
import sys
from collections import Counter
from contextlib import redirect_stderr
from pathlib import Path
from types import FrameType

import uvloop

from bench.path import measure
from seatlatch.wiring import COLLECT_AFTER_ALLOCATIONS

SAMPLE_SECONDS = 0.001
SOURCES = "src/seatlatch/"

PARTS = {
    "connection, head and headers": (
        *("http/connection", "http/request_parser", "http/known_heads", "http/request_head"),
        *("http/http_exchange", "http/headers", "http/client_address"),
    ),
    "credentials, rate and media types": ("auth/", "channel_api/admission", "http/negotiation"),
    "log line and metrics": (
        *("logs", "request_line", "sink", "text", "metrics", "plain_metrics"),
        *("../prometheus_client", "../structlog"),
    ),
    "body and results": ("http/body", "channel_api/", "presentation/", "domain/"),
    "router, middleware and response": ("http/", "opening", "../starlette"),
    "group commit and journal entry": (
        *("group_commit", "change_queue", "commit", "operations/", "journal/", "store/"),
    ),
}
"""Each part with the beginnings of its modules. The first that matches counts."""
OTHER = "event loop and the rest"


def part_of(frame: FrameType | None) -> str:
    """The part to which the innermost frame belongs that is in one."""
    while frame is not None:
        path = frame.f_code.co_filename
        _, found, module = path.rpartition(SOURCES)
        if not found:
            _, found, module = path.rpartition("site-packages/")
            module = f"../{module}"
        for part, beginnings in PARTS.items():
            if found and module.startswith(beginnings):
                return part
        frame = frame.f_back
    return OTHER


def main() -> None:
    """Run the path with samples, and print the share of each part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tokens", type=int, default=1)
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    samples: Counter[str] = Counter()

    def take(_number: int, frame: FrameType | None) -> None:
        samples[part_of(frame)] += 1

    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_ALLOCATIONS)
    signal.signal(signal.SIGPROF, take)
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
        spent_us = uvloop.run(measure(options.tokens, options.requests))
        signal.setitimer(signal.ITIMER_PROF, 0)
    for part in (*PARTS, OTHER):
        share = samples[part] / samples.total()
        sys.stdout.write(f"{part:<34} {share:5.0%} {share * spent_us:6.1f} us\n")


if __name__ == "__main__":
    main()

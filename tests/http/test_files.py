"""Served files: made once, and sent again only if they have changed."""

import asyncio
import time

import pytest
from starlette.requests import Request

from seatlatch.http.files import LazyFile, make_file


def asked(**headers: str) -> Request:
    """A request with these headers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


def test_a_file_is_made_once_for_all_who_ask_at_once() -> None:
    made: list[float] = []

    def make() -> bytes:
        made.append(time.monotonic())
        return b"x" * 1_000_000

    async def run() -> set[int]:
        file = LazyFile(make, "text/plain")
        answers = await asyncio.gather(*(file.respond(asked()) for _ in range(50)))
        return {answer.status_code for answer in answers}

    assert asyncio.run(run()) == {200}
    assert len(made) == 1


@pytest.mark.parametrize("known", ["*", "{tag}", '"other", {tag}', "{bare}"])
def test_who_has_it_already_is_sent_nothing(known: str) -> None:
    file = make_file(b"content", "text/plain")
    tag = file.headers["ETag"]
    header = known.format(tag=tag, bare=tag.removeprefix("W/"))
    answer = file.respond(asked(if_none_match=header))
    assert (answer.status_code, answer.body) == (304, b"")
    assert file.respond(asked(if_none_match='"other"')).body == b"content"

"""Counting sessions that were left in COMMIT."""

import asyncio

import pytest
from psycopg.pq.abc import PGresult

from seatlatch.store.postgres import abandoned
from seatlatch.store.postgres.abandoned import AbandonedSessions
from seatlatch.store.postgres.connection import Statement

PID = 4711


async def abandon(sessions: AbandonedSessions) -> None:
    async with sessions.reserved(asyncio.get_running_loop().time() + 1) as reservation:
        reservation.abandon(PID)


def test_the_question_is_repeated_whatever_the_error_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abandoned, "CHECK_SECONDS", 0)
    asked: list[Statement] = []
    enough = asyncio.Event()

    async def ask(statement: Statement) -> PGresult:
        asked.append(statement)
        if len(asked) == 3:
            enough.set()
        raise ValueError("not a refusal")

    async def main() -> int:
        sessions = AbandonedSessions(ask)
        await abandon(sessions)
        await asyncio.wait_for(enough.wait(), 30)
        count = sessions.count
        await sessions.close()
        return count

    assert asyncio.run(main()) == 1


def test_nothing_is_asked_after_the_end() -> None:
    async def ask(_statement: Statement) -> PGresult:
        raise AssertionError("asked after the end")

    async def main() -> set[str]:
        sessions = AbandonedSessions(ask)
        await sessions.close()
        await abandon(sessions)
        return {task.get_name() for task in asyncio.all_tasks()}

    assert "abandoned-sessions" not in asyncio.run(main())

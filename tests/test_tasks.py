"""Work that runs to its end despite cancellation."""

import asyncio

import pytest

from seatlatch.tasks import to_the_end


def test_it_returns_the_result_or_raises_the_error() -> None:
    async def test() -> None:
        assert await to_the_end(asyncio.sleep(0, "result")) == "result"
        with pytest.raises(TimeoutError):
            await to_the_end(timed_out())

    async def timed_out() -> None:
        await asyncio.sleep(0)
        raise TimeoutError

    asyncio.run(test())


@pytest.mark.parametrize("fails", [False, True])
def test_cancelled_twice_it_waits_for_the_end_before_it_is_cancelled(fails: bool) -> None:
    async def test() -> None:
        may_end = asyncio.Event()
        ended: list[str] = []

        async def work() -> None:
            await may_end.wait()
            ended.append("work")
            if fails:
                raise TimeoutError

        task = asyncio.create_task(to_the_end(work()))
        for _time in range(2):
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == ["work"]

    asyncio.run(test())

"""A stalled server cannot hide, and each bad answer counts."""

import asyncio

from fakes.answering import BUSY, OK, Answer, answering

from server.benchmarks.crowd.messages import Call, Visited, Visitor, Visits
from server.benchmarks.crowd.visitors import visit


def visited(answer: Answer, *, calls: int = 4, timeout_s: float = 5.0, expects: str = "") -> Visited:
    visitor = Visitor(
        source="127.0.1.1",
        calls=[Call(path=f"/{number}") for number in range(calls)],
        first_s=0.0,
        every_s=0.05,
        expects=expects,
    )

    async def scene() -> Visited:
        async with answering(answer) as port:
            return (await visit(port, Visits(visitors=[visitor], timeout_s=timeout_s)))[0]

    return asyncio.run(scene())


def test_calls_are_sent_when_they_are_due_though_the_first_still_waits() -> None:
    seen: list[str] = []
    all_seen = asyncio.Event()

    async def stall(head: str) -> bytes:
        seen.append(head.split()[1])
        if len(seen) == 4:
            all_seen.set()
        await all_seen.wait()
        return OK

    found = visited(stall)

    assert ["/0", "/1", "/2", "/3"] == seen
    assert {} == found.refused
    # The last call comes 150 ms after the first, which waits for it.
    assert max(found.took_ms) > 140


def test_an_answer_other_than_200_is_a_refusal_of_the_whole_time_limit() -> None:
    async def refuse(_head: str) -> bytes:
        return BUSY

    assert Visited(took_ms=[5_000.0] * 4, refused={"429": 4}) == visited(refuse)


def test_closed_connections_and_late_answers_are_refusals() -> None:
    async def close(_head: str) -> bytes:
        return b""

    async def wait(_head: str) -> bytes:
        await asyncio.Event().wait()
        return OK

    assert {"closed": 4} == visited(close).refused
    assert {"timeout": 1} == visited(wait, calls=1, timeout_s=0.2).refused


def test_an_answer_that_lacks_what_is_expected_is_refused() -> None:
    async def answer(head: str) -> bytes:
        return OK if head.startswith("GET /0 ") else OK.replace(b"ok", b"no")

    assert {"unexpected": 3} == visited(answer, expects="^ok$").refused


def test_every_second_call_comes_over_a_new_connection() -> None:
    async def scene() -> int:
        opened: set[asyncio.Task[None] | None] = set()

        async def answer(_head: str) -> bytes:
            opened.add(asyncio.current_task())
            return OK

        visitor = Visitor(source="127.0.1.1", calls=[Call(path="/")] * 6, first_s=0.0, every_s=0.05)
        async with answering(answer) as port:
            await visit(port, Visits(visitors=[visitor], timeout_s=5.0))
        return len(opened)

    assert 4 == asyncio.run(scene())

"""The delay of a stalled server is measured, and every bad answer is counted."""

import asyncio

from fakes.answering import BUSY, OK, Answer, answering

from server.benchmarks.crowd.messages import Call, Visitor, VisitResults, Visits
from server.benchmarks.crowd.visitors import visit


def results_of(answer: Answer, *, calls: int = 4, timeout_s: float = 5.0, expects: str = "") -> VisitResults:
    visitor = Visitor(
        source="127.0.1.1",
        calls=[Call(path=f"/{number}") for number in range(calls)],
        first_s=0.0,
        interval_s=0.02,
        expects=expects,
    )

    async def run() -> VisitResults:
        async with answering(answer) as port:
            return (await visit(port, Visits(visitors=[visitor], timeout_s=timeout_s)))[0]

    return asyncio.run(run())


def test_calls_are_sent_when_due_even_if_the_first_call_still_waits() -> None:
    seen: list[str] = []
    all_seen = asyncio.Event()

    async def stall(head: str) -> bytes:
        seen.append(head.split()[1])
        if len(seen) == 4:
            all_seen.set()
        await all_seen.wait()
        return OK

    results = results_of(stall)

    assert ["/0", "/1", "/2", "/3"] == seen
    assert {} == results.refused
    # The last call is sent 60 ms after the first, and the first waits for it.
    assert max(results.took_ms) > 55


def test_an_answer_other_than_200_is_a_refusal_and_counts_the_whole_time_limit() -> None:
    async def refuse(_head: str) -> bytes:
        return BUSY

    assert VisitResults(took_ms=[5_000.0] * 4, refused={"429": 4}) == results_of(refuse)


def test_closed_connections_and_late_answers_are_refusals() -> None:
    async def close(_head: str) -> bytes:
        return b""

    async def wait(_head: str) -> bytes:
        await asyncio.Event().wait()
        return OK

    assert {"closed": 4} == results_of(close).refused
    assert {"timeout": 1} == results_of(wait, calls=1, timeout_s=0.2).refused


def test_an_answer_without_the_expected_text_is_a_refusal() -> None:
    async def answer(head: str) -> bytes:
        return OK if head.startswith("GET /0 ") else OK.replace(b"ok", b"no")

    assert {"unexpected": 3} == results_of(answer, expects="^ok$").refused


def test_every_second_call_uses_a_new_connection() -> None:
    async def run() -> int:
        opened: set[asyncio.Task[None] | None] = set()

        async def answer(_head: str) -> bytes:
            opened.add(asyncio.current_task())
            return OK

        visitor = Visitor(source="127.0.1.1", calls=[Call(path="/")] * 6, first_s=0.0, interval_s=0.05)
        async with answering(answer) as port:
            await visit(port, Visits(visitors=[visitor], timeout_s=5.0))
        return len(opened)

    assert 4 == asyncio.run(run())

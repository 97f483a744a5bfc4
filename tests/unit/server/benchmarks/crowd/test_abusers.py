"""Clients of an abuse send requests without a pause while they are served, and pause after a refusal."""

import asyncio

from fakes.answering import BUSY, OK, Answer, answering

from server.benchmarks.crowd.abusers import Pace, next_page, run_abuse
from server.benchmarks.crowd.messages import (
    Abuse,
    AbuseOutcome,
    Begin,
    Call,
    HalfSent,
    OpenStreams,
    Questions,
    Repeated,
)

SOURCE = "127.0.2.1"


def outcome(abuse: Abuse, answer: Answer, seconds: float = 0.25) -> AbuseOutcome:
    async def run() -> AbuseOutcome:
        async with answering(answer) as port:
            return await run_abuse(port, Begin(abuse=abuse, seconds=seconds))

    return asyncio.run(run())


def repeated(path: str = "/slow", *, clients: int = 3, follow_pages: bool = False) -> Repeated:
    call = Call(path=path)
    return Repeated(source=SOURCE, clients=clients, calls=[call], pause_s=0.1, follow_pages=follow_pages)


def test_a_client_sends_its_next_request_when_the_last_is_answered() -> None:
    async def answer(_head: str) -> bytes:
        return OK

    result = outcome(repeated(), answer)

    assert (3, 3, {}) == (result.first_served, result.open_at_most, result.refused)
    assert result.answered > 30


def test_a_refused_client_pauses() -> None:
    async def refuse(_head: str) -> bytes:
        return BUSY

    result = outcome(repeated(), refuse)

    assert (0, 0) == (result.first_served, result.answered)
    assert 3 <= result.refused["429"] <= 9


def test_following_pages_are_read() -> None:
    seen: list[str] = []

    async def answer(head: str) -> bytes:
        path = head.split()[1]
        seen.append(path)
        body = b'{"rows":[],"next_after":7}' if path == "/comments?ref=Gen" else b'{"rows":[],"next_after":null}'
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)

    outcome(repeated("/comments?ref=Gen", clients=1, follow_pages=True), answer)

    assert ["/comments?ref=Gen", "/comments?ref=Gen&after=7"] == seen[:2]


def test_the_next_page_replaces_the_cursor_of_the_last_page() -> None:
    call = Call(path="/comments?ref=Gen&after=7")

    assert next_page(call, b'{"next_after":"a b","rows":[]}') == Call(path="/comments?ref=Gen&after=a%20b")
    assert next_page(Call(path="/topics"), b'{"next_cursor":"x"}') == Call(path="/topics?cursor=x")
    assert next_page(call, b'{"rows":[],"next_after":null}') is None


def test_half_sent_requests_stay_open() -> None:
    async def must_not_answer(_head: str) -> bytes:
        raise AssertionError

    result = outcome(HalfSent(source=SOURCE, connections=20, per_second=1_000), must_not_answer)

    assert (20, {}) == (result.open_at_most, result.refused)


def test_the_pace_limits_actions_per_second() -> None:
    async def run() -> float:
        pace, clock = Pace(100), asyncio.get_running_loop().time
        start = clock()
        await asyncio.gather(*(pace.wait() for _ in range(11)))
        return clock() - start

    assert asyncio.run(run()) >= 0.09


def test_a_stream_stays_open_and_a_refused_stream_is_retried() -> None:
    async def answer(head: str) -> bytes:
        # Chunked, and without an end.
        return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" if "Bearer good" in head else BUSY

    calls = [Call(path="/events", token=token) for token in ("good", "good", "bad")]
    result = outcome(OpenStreams(source=SOURCE, calls=calls, pause_s=0.1), answer)

    assert (2, 2, 2) == (result.answered, result.first_served, result.open_at_most)
    assert 1 <= result.refused["429"] <= 3


def test_answers_are_read_and_unfinished_answers_are_stopped() -> None:
    asked: list[str] = []
    stopped: list[str] = []

    async def answer(head: str) -> bytes:
        method, path = head.split()[:2]
        if path == "/api/v1/ask":
            asked.append(str(len(asked)))
            body = b'{"id":"%s"}' % asked[-1].encode()
            return b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        if method == "POST":
            stopped.append(path)
            return OK
        # The first answer ends. The other answers never end.
        return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + (b"0\r\n\r\n" if "/0/" in path else b"")

    questions = Questions(source=SOURCE, clients=3, token="ben", questions=["Who?", "Where?"], pause_s=0.1)
    result = outcome(questions, answer)

    assert (3, 1, 3) == (result.first_served, result.answered, result.open_at_most)
    assert 4 == len(asked)
    assert {f"/api/v1/messages/{number}/stop" for number in (1, 2, 3)} == set(stopped)

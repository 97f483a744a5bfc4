"""The log of an answer: followed from any point, stored with its author, ended where its process died."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fakes.clock import FakeClock
from fakes.working import dead_owner

from appliance.infrastructure.database import Database
from appliance.infrastructure.events import EventLog
from appliance.infrastructure.jobs.leases import this_process
from appliance.study import store
from appliance.study.answer import AnswerEvent, EventType, MessageState
from appliance.study.events import AnswerReady
from appliance.study.log import INTERRUPTED, SOON_S, AnswerLog, LiveAnswer, mark_interrupted
from appliance.study.queries import message

ANNA = 1


@pytest.fixture
def log(database: Database, clock: FakeClock) -> AnswerLog:
    return AnswerLog(database, clock)


def ask(database: Database, clock: FakeClock, *, owner: str = "", asked_by: int | None = ANNA) -> None:
    with database.write() as work:
        store.insert_message(
            work,
            "m1",
            asked_by=asked_by,
            question="What is lit?",
            translation="Invented",
            owner=owner or this_process(),
            now=clock.time(),
        )


async def everything(log: AnswerLog, after: int = 0) -> list[AnswerEvent]:
    return [event async for event in log.follow("m1", after)]


def within(answer: Awaitable[object]) -> object:
    async def run() -> object:
        return await asyncio.wait_for(answer, 20)

    return asyncio.run(run())


async def answer_of_three_pieces(live: LiveAnswer) -> None:
    for piece in ("A ", "lamp ", "is lit."):
        await live.write(piece, "tiny")
    await live.finish(MessageState.DONE)


def test_followers_get_every_event_as_it_comes_from_any_point_on(
    database: Database, clock: FakeClock, log: AnswerLog
) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        first, later = asyncio.create_task(everything(log)), asyncio.create_task(everything(log, 2))
        await asyncio.sleep(0)
        await answer_of_three_pieces(live)

        assert [(1, "A "), (2, "lamp "), (3, "is lit.")] == [
            (event.seq, event.payload["text"]) for event in await first
        ]
        assert [3] == [event.seq for event in await later]

    within(scene())


def test_an_answer_that_is_over_is_replayed_from_the_database(
    database: Database, clock: FakeClock, log: AnswerLog
) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        await answer_of_three_pieces(live)
        log.close("m1")

        assert live.events == await everything(log)
        assert live.events[1:] == await everything(log, 1)
        assert [] == await everything(log, 3)

    within(scene())
    stored = message(database, "m1")
    assert ("A lamp is lit.", "done", "tiny") == (stored.text, stored.state, stored.made_by)
    assert clock.now == stored.finished_at


def test_what_is_written_is_stored_with_its_author_before_the_answer_is_over(
    database: Database, clock: FakeClock, log: AnswerLog
) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        await live.write("A lamp ", "tiny")
        assert live._flusher is not None
        await live._flusher

    within(scene())
    with database.write() as work:
        mark_interrupted(work, "m1", now=clock.now + 60)
    cut_off = message(database, "m1")

    assert ("A lamp ", "interrupted", "tiny", INTERRUPTED) == (
        cut_off.text,
        cut_off.state,
        cut_off.made_by,
        cut_off.error,
    )
    assert clock.now + 60 == cut_off.finished_at


@pytest.mark.parametrize(
    ("took_s", "is_followed", "asked_by", "is_told"),
    [
        (SOON_S + 1, False, ANNA, True),
        (SOON_S - 1, False, ANNA, False),
        (SOON_S + 1, True, ANNA, False),
        (SOON_S + 1, False, None, False),
    ],
)
def test_the_person_who_asked_is_told_where_they_did_not_wait(
    database: Database,
    clock: FakeClock,
    log: AnswerLog,
    took_s: float,
    is_followed: bool,
    asked_by: int | None,
    is_told: bool,
) -> None:
    ask(database, clock, asked_by=asked_by)

    async def scene() -> None:
        live = log.open("m1")
        following = asyncio.create_task(everything(log)) if is_followed else None
        await asyncio.sleep(0)
        clock.advance(took_s)
        await answer_of_three_pieces(live)
        if following:
            await following

    within(scene())
    events = EventLog(database).after(0)
    ready = AnswerReady(message="m1", asked_by=ANNA, question="What is lit?")

    assert [ready] * is_told == [event.payload_as(AnswerReady) for event in events]
    assert [clock.now] * is_told == [event.at for event in events]


@pytest.mark.parametrize("state", [MessageState.STOPPED, MessageState.FAILED])
def test_nobody_is_told_of_an_answer_that_was_stopped_or_failed(
    database: Database, clock: FakeClock, log: AnswerLog, state: MessageState
) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        clock.advance(SOON_S + 1)
        await live.finish(state)

    within(scene())
    assert 0 == EventLog(database).newest()


def test_an_answer_of_a_process_that_died_ends_with_a_sentence(
    database: Database, clock: FakeClock, log: AnswerLog
) -> None:
    ask(database, clock, owner=dead_owner())
    with database.write() as work:
        piece = AnswerEvent(seq=1, type=EventType.TOKEN, payload={"text": "A lamp "})
        store.insert_events(work, "m1", [piece])
        store.set_author(work, "m1", "tiny")
    end = AnswerEvent(seq=2, type=EventType.ERROR, payload={"message": INTERRUPTED})

    assert [piece, end] == within(everything(log))
    assert [end] == within(everything(log, 1))
    assert ("interrupted", "tiny") == (message(database, "m1").state, message(database, "m1").made_by)


@pytest.mark.parametrize("end", [MessageState.DONE, MessageState.STOPPED, MessageState.FAILED])
def test_an_answer_that_is_over_is_not_interrupted(
    database: Database, clock: FakeClock, log: AnswerLog, end: MessageState
) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        await live.write("A lamp.", "tiny")
        await live.finish(end)

    within(scene())
    before = message(database, "m1")
    with database.write() as work:
        mark_interrupted(work, "m1", now=clock.now + 1)
        mark_interrupted(work, "no such message", now=clock.now + 1)

    assert before == message(database, "m1")


def test_followers_are_let_go_where_the_end_cannot_be_stored(
    database: Database, clock: FakeClock, log: AnswerLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(database, clock)

    async def scene(breaks: Callable[[], None]) -> None:
        live = log.open("m1")
        following = asyncio.create_task(everything(log))
        await live.write("A lamp.", "tiny")
        breaks()
        with pytest.raises(OSError, match="gone"):
            await live.finish(MessageState.DONE)
        assert ["A lamp."] == [event.payload["text"] for event in await following]

    def is_gone(*_arguments: object) -> None:
        raise OSError("The disk is gone.")

    within(scene(lambda: monkeypatch.setattr(Database, "write", is_gone)))

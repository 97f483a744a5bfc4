"""The event log of an answer: it can be followed from any position, is stored with its author, and ends if its process dies."""

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
from appliance.study.log import INTERRUPTED, QUICK_ANSWER_S, AnswerLog, LiveAnswer, mark_interrupted
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


async def all_events(log: AnswerLog, after: int = 0) -> list[AnswerEvent]:
    return [event async for event in log.follow("m1", after)]


def run_scene(answer: Awaitable[object]) -> object:
    async def run() -> object:
        return await asyncio.wait_for(answer, 20)

    return asyncio.run(run())


async def write_three_pieces(live: LiveAnswer) -> None:
    for piece in ("A ", "lamp ", "is lit."):
        await live.write(piece, "tiny")
    await live.finish(MessageState.DONE)


def test_followers_get_live_events_from_any_position(database: Database, clock: FakeClock, log: AnswerLog) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        first, later = asyncio.create_task(all_events(log)), asyncio.create_task(all_events(log, 2))
        await asyncio.sleep(0)
        await write_three_pieces(live)

        assert [(1, "A "), (2, "lamp "), (3, "is lit.")] == [
            (event.seq, event.payload["text"]) for event in await first
        ]
        assert [3] == [event.seq for event in await later]

    run_scene(scene())


def test_a_finished_answer_is_replayed_from_the_database(database: Database, clock: FakeClock, log: AnswerLog) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        await write_three_pieces(live)
        log.close("m1")

        assert live.events == await all_events(log)
        assert live.events[1:] == await all_events(log, 1)
        assert [] == await all_events(log, 3)

    run_scene(scene())
    stored = message(database, "m1")
    assert ("A lamp is lit.", "done", "tiny") == (stored.text, stored.state, stored.made_by)
    assert clock.now == stored.finished_at


def test_text_is_stored_with_its_author_before_the_answer_is_finished(
    database: Database, clock: FakeClock, log: AnswerLog
) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        await live.write("A lamp ", "tiny")
        assert live._flusher is not None
        await live._flusher

    run_scene(scene())
    with database.write() as work:
        mark_interrupted(work, "m1", now=clock.now + 60)
    interrupted = message(database, "m1")

    assert ("A lamp ", "interrupted", "tiny", INTERRUPTED) == (
        interrupted.text,
        interrupted.state,
        interrupted.made_by,
        interrupted.error,
    )
    assert clock.now + 60 == interrupted.finished_at


@pytest.mark.parametrize(
    ("took_s", "is_followed", "asked_by", "is_notified"),
    [
        (QUICK_ANSWER_S + 1, False, ANNA, True),
        (QUICK_ANSWER_S - 1, False, ANNA, False),
        (QUICK_ANSWER_S + 1, True, ANNA, False),
        (QUICK_ANSWER_S + 1, False, None, False),
    ],
)
def test_a_person_who_did_not_wait_is_notified(
    database: Database,
    clock: FakeClock,
    log: AnswerLog,
    took_s: float,
    is_followed: bool,
    asked_by: int | None,
    is_notified: bool,
) -> None:
    ask(database, clock, asked_by=asked_by)

    async def scene() -> None:
        live = log.open("m1")
        following = asyncio.create_task(all_events(log)) if is_followed else None
        await asyncio.sleep(0)
        clock.advance(took_s)
        await write_three_pieces(live)
        if following:
            await following

    run_scene(scene())
    events = EventLog(database).after(0)
    ready = AnswerReady(message="m1", asked_by=ANNA, question="What is lit?")

    assert [ready] * is_notified == [event.payload_as(AnswerReady) for event in events]
    assert [clock.now] * is_notified == [event.at for event in events]


@pytest.mark.parametrize("state", [MessageState.STOPPED, MessageState.FAILED])
def test_stopped_and_failed_answers_cause_no_notification(
    database: Database, clock: FakeClock, log: AnswerLog, state: MessageState
) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        clock.advance(QUICK_ANSWER_S + 1)
        await live.finish(state)

    run_scene(scene())
    assert 0 == EventLog(database).newest()


def test_the_answer_of_a_dead_process_ends_with_an_error(database: Database, clock: FakeClock, log: AnswerLog) -> None:
    ask(database, clock, owner=dead_owner())
    with database.write() as work:
        piece = AnswerEvent(seq=1, type=EventType.TOKEN, payload={"text": "A lamp "})
        store.insert_events(work, "m1", [piece])
        store.set_author(work, "m1", "tiny")
    end = AnswerEvent(seq=2, type=EventType.ERROR, payload={"message": INTERRUPTED})

    assert [piece, end] == run_scene(all_events(log))
    assert [end] == run_scene(all_events(log, 1))
    assert ("interrupted", "tiny") == (message(database, "m1").state, message(database, "m1").made_by)


@pytest.mark.parametrize("end", [MessageState.DONE, MessageState.STOPPED, MessageState.FAILED])
def test_a_finished_answer_is_not_marked_as_interrupted(
    database: Database, clock: FakeClock, log: AnswerLog, end: MessageState
) -> None:
    ask(database, clock)

    async def scene() -> None:
        live = log.open("m1")
        await live.write("A lamp.", "tiny")
        await live.finish(end)

    run_scene(scene())
    before = message(database, "m1")
    with database.write() as work:
        mark_interrupted(work, "m1", now=clock.now + 1)
        mark_interrupted(work, "no such message", now=clock.now + 1)

    assert before == message(database, "m1")


def test_streams_end_even_if_the_end_of_the_answer_cannot_be_stored(
    database: Database, clock: FakeClock, log: AnswerLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(database, clock)

    async def scene(break_disk: Callable[[], None]) -> None:
        live = log.open("m1")
        following = asyncio.create_task(all_events(log))
        await live.write("A lamp.", "tiny")
        break_disk()
        with pytest.raises(OSError, match="gone"):
            await live.finish(MessageState.DONE)
        assert ["A lamp."] == [event.payload["text"] for event in await following]

    def fail(*_arguments: object) -> None:
        raise OSError("The disk is gone.")

    run_scene(scene(lambda: monkeypatch.setattr(Database, "write", fail)))

"""Questions and their answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.clock import FakeClock
from fakes.small_library import verse_id
from fakes.study import FakeFinder, FakeWriter, Wait
from fakes.working import dead_owner

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.leases import this_process
from appliance.scripture.translations.translation import Translation
from appliance.study import store
from appliance.study.answer import EXTRACTIVE, EventType, Message, MessageState
from appliance.study.grounding import MAX_TOKENS, grounded_turns
from appliance.study.operations import MAX_ANSWERS, AnswerDesk, QuestionInvalid, TooManyAnswers, forget_person
from appliance.study.queries import message

QUESTION = "What does the Bible say about lamps?"
ASLEEP = Unavailable("The model is asleep.")


class Scene:
    """An answer desk with an invented library. The test defines the finder and the writer."""

    def __init__(self, library: Database, translation: Translation, database: Database, clock: FakeClock) -> None:
        self.library, self.translation, self.database, self.clock = library, translation, database, clock
        self.finder = FakeFinder(verse_id(1, 5))

    def desk(self, writer: FakeWriter | None = None) -> AnswerDesk:
        return AnswerDesk(
            library=self.library, appliance=self.database, finder=self.finder, writer=writer, clock=self.clock
        )

    async def ask(self, desk: AnswerDesk, question: str = QUESTION, *, asked_by: int | None = 1) -> Message:
        return await desk.ask(question, self.translation, asked_by=asked_by)

    async def answer(self, writer: FakeWriter | None = None) -> Message:
        """Ask a question and wait for its answer."""
        desk = self.desk(writer)
        asked = await self.ask(desk)
        await self.end_of(desk, asked)
        return self.stored(asked)

    async def end_of(self, desk: AnswerDesk, asked: Message) -> list[tuple[EventType, dict[str, Any]]]:
        return [(event.type, event.payload) async for event in desk.log.follow(asked.id, 0)]

    def stored(self, asked: Message) -> Message:
        return message(self.database, asked.id)

    def run(self, play: Callable[[], Awaitable[None]]) -> None:
        async def play_within_limit() -> None:
            await asyncio.wait_for(play(), 20)

        asyncio.run(play_within_limit())


@pytest.fixture
def scene(library: Database, translation: Translation, database: Database, clock: FakeClock) -> Scene:
    return Scene(library, translation, database, clock)


def test_a_model_writes_from_the_passages_found(scene: Scene) -> None:
    async def play() -> None:
        writer = FakeWriter("A lamp ", "is lit [1].")
        desk = scene.desk(writer)
        asked = await scene.ask(desk)
        events = await scene.end_of(desk, asked)
        answered = scene.stored(asked)
        (request,) = writer.requests

        assert (MessageState.DONE, "A lamp is lit [1].", "tiny") == (answered.state, answered.text, answered.made_by)
        assert ["Genesis 1:4–6"] == [source.reference for source in answered.sources]
        assert [EventType.SOURCES, EventType.TOKEN, EventType.TOKEN, EventType.DONE] == [
            event_type for event_type, _ in events
        ]
        assert {"made_by": "tiny", "took_ms": 0, "notice": None} == events[-1][1]
        assert grounded_turns(QUESTION, answered.sources) == request.turns
        assert ("tiny", MAX_TOKENS, "person-1") == (request.model, request.max_tokens, request.user)

    scene.run(play)


def test_the_model_gets_no_id_for_guests(scene: Scene) -> None:
    async def play() -> None:
        writer = FakeWriter("A lamp.")
        desk = scene.desk(writer)
        await scene.end_of(desk, await scene.ask(desk, asked_by=None))

        assert ["guest"] == [request.user for request in writer.requests]

    scene.run(play)


def test_passages_are_quoted_without_a_model(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.notice = "Meaning is not searched yet."
        for writer in (None, FakeWriter("never", model=None)):
            answered = await scene.answer(writer)

            assert (MessageState.DONE, EXTRACTIVE) == (answered.state, answered.made_by)
            assert answered.text.startswith("> Lamp 4 of evening 1 is lit.")

    scene.run(play)


def test_the_notice_of_the_search_is_in_the_events(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.notice = "Meaning is not searched yet."
        desk = scene.desk()
        events = await scene.end_of(desk, await scene.ask(desk))

        assert "Meaning is not searched yet." == events[0][1]["notice"] == events[-1][1]["notice"]

    scene.run(play)


def test_the_model_is_not_used_if_no_passages_are_found(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.verse_ids = ()
        writer = FakeWriter("never")
        answered = await scene.answer(writer)

        assert [] == writer.requests
        assert (EXTRACTIVE, ()) == (answered.made_by, answered.sources)
        assert answered.text.startswith("No passages were found")

    scene.run(play)


@pytest.mark.parametrize("writer", [FakeWriter(ASLEEP), FakeWriter("never", model=ASLEEP)], ids=["write", "model"])
def test_passages_are_quoted_if_the_model_fails_before_its_first_word(scene: Scene, writer: FakeWriter) -> None:
    async def play() -> None:
        desk = scene.desk(writer)
        asked = await scene.ask(desk)
        events = await scene.end_of(desk, asked)
        answered = scene.stored(asked)

        assert (MessageState.DONE, EXTRACTIVE, None) == (answered.state, answered.made_by, answered.error)
        assert answered.text.startswith("> Lamp 4")
        assert EXTRACTIVE == events[-1][1]["made_by"]
        assert (
            "The chat model could not answer, so the passages are quoted: The model is asleep."
            == events[-1][1]["notice"]
        )

    scene.run(play)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ASLEEP, "The model is asleep."),
        (Refused("The prompt is too long.", remedy="Ask less."), "The prompt is too long. Ask less."),
        (ZeroDivisionError(), "An unexpected error occurred. Try again; details are in the log."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_answer_that_fails_halfway_keeps_its_text_and_author(scene: Scene, error: Exception, sentence: str) -> None:
    async def play() -> None:
        desk = scene.desk(FakeWriter("A lamp ", error))
        asked = await scene.ask(desk)
        events = await scene.end_of(desk, asked)
        failed = scene.stored(asked)

        assert (MessageState.FAILED, "A lamp ", "tiny", sentence) == (
            failed.state,
            failed.text,
            failed.made_by,
            failed.error,
        )
        assert (EventType.ERROR, {"message": sentence}) == events[-1]

    scene.run(play)


def test_an_answer_that_fails_before_its_first_word_has_no_author(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.error = Unavailable("The library is busy.")
        failed = await scene.answer(FakeWriter("never"))

        assert (MessageState.FAILED, "", None, "The library is busy.") == (
            failed.state,
            failed.text,
            failed.made_by,
            failed.error,
        )

    scene.run(play)


def test_a_stopped_answer_keeps_its_text_and_author(scene: Scene) -> None:
    async def play() -> None:
        wait = Wait()
        writer = FakeWriter("A lamp ", wait, "never")
        desk = scene.desk(writer)
        asked = await scene.ask(desk)
        following = asyncio.create_task(scene.end_of(desk, asked))
        await wait.reached.wait()
        stopped = await desk.stop(asked.id)

        assert (MessageState.STOPPED, "A lamp ", "tiny", None) == (
            stopped.state,
            stopped.text,
            stopped.made_by,
            stopped.error,
        )
        assert (EventType.DONE, {"made_by": "tiny", "stopped": True}) == (await following)[-1]
        assert writer.is_closed, "the model stops too"

    scene.run(play)


def test_an_answer_stopped_before_its_first_word_has_no_author(scene: Scene) -> None:
    async def play() -> None:
        wait = Wait()
        desk = scene.desk(FakeWriter(wait, "never"))
        asked = await scene.ask(desk)
        await wait.reached.wait()
        stopped = await desk.stop(asked.id)

        assert (MessageState.STOPPED, "", None) == (stopped.state, stopped.text, stopped.made_by)

    scene.run(play)


def test_closing_the_desk_stops_its_answers(scene: Scene) -> None:
    async def play() -> None:
        waits = [Wait(), Wait()]
        desks = [scene.desk(FakeWriter("A lamp ", wait)) for wait in waits]
        asked = [await scene.ask(desk) for desk in desks]
        for desk, wait in zip(desks, waits, strict=True):
            await wait.reached.wait()
            await desk.close()

        assert [(MessageState.STOPPED, "tiny")] * 2 == [
            (answer.state, answer.made_by) for answer in map(scene.stored, asked)
        ]

    scene.run(play)


def test_stopping_a_finished_answer_changes_nothing(scene: Scene) -> None:
    async def play() -> None:
        desk = scene.desk(FakeWriter("A lamp."))
        asked = await scene.ask(desk)
        await scene.end_of(desk, asked)

        assert scene.stored(asked) == await desk.stop(asked.id)

    scene.run(play)


def test_the_end_event_contains_the_duration(scene: Scene) -> None:
    async def play() -> None:
        wait = Wait()
        desk = scene.desk(FakeWriter("A lamp ", wait, "is lit."))
        asked = await scene.ask(desk)
        await wait.reached.wait()
        started = scene.clock.now
        scene.clock.advance(2.5)
        wait.released.set()
        events = await scene.end_of(desk, asked)
        answered = scene.stored(asked)

        assert 2_500 == events[-1][1]["took_ms"]
        assert (started, started + 2.5) == (answered.created_at, answered.finished_at)

    scene.run(play)


def test_the_answers_of_dead_processes_end_at_start(scene: Scene) -> None:
    with scene.database.write() as work:
        for message_id, owner in (("dead", dead_owner()), ("here", this_process())):
            store.insert_message(
                work, message_id, asked_by=1, question=QUESTION, translation="Invented", owner=owner, now=1.0
            )
    scene.desk().mark_interrupted()

    assert [MessageState.INTERRUPTED, MessageState.RUNNING] == [
        message(scene.database, message_id).state for message_id in ("dead", "here")
    ]
    assert scene.clock.now == message(scene.database, "dead").finished_at


def test_each_person_has_at_most_four_unfinished_answers(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.allowed.clear()
        desk = scene.desk()
        asked = [await scene.ask(desk) for _ in range(MAX_ANSWERS)]
        with pytest.raises(TooManyAnswers) as refused:
            await scene.ask(desk)
        assert refused.value.retry_after_s > 0
        asked.append(await scene.ask(desk, asked_by=2))

        scene.finder.allowed.set()
        for question in asked:
            await scene.end_of(desk, question)
        assert {MessageState.DONE} == {scene.stored(question).state for question in asked}
        # One question after another is never refused.
        for _ in range(2 * MAX_ANSWERS):
            await scene.end_of(desk, await scene.ask(desk))

    scene.run(play)


@pytest.mark.parametrize("question", ["?", "", "12 3", "x" * 1_001])
def test_an_invalid_question_takes_no_slot_and_is_not_stored(scene: Scene, question: str) -> None:
    async def play() -> None:
        desk = scene.desk()
        for _ in range(2 * MAX_ANSWERS):
            with pytest.raises(QuestionInvalid):
                await scene.ask(desk, question)
        assert [] == scene.database.reader.rows("SELECT id FROM messages")
        await scene.end_of(desk, await scene.ask(desk))

    scene.run(play)


def test_deleting_a_person_deletes_their_questions_and_answers(scene: Scene) -> None:
    async def play() -> None:
        desk = scene.desk()
        asked = [await scene.ask(desk, asked_by=person) for person in (1, 2)]
        for question in asked:
            await scene.end_of(desk, question)
        with scene.database.write() as work:
            forget_person(work, 1)

        assert [(asked[1].id,)] == scene.database.reader.rows("SELECT id FROM messages")
        assert {(asked[1].id,)} == set(scene.database.reader.rows("SELECT message FROM message_events"))

    scene.run(play)

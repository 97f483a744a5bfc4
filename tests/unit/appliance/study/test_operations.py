"""Questions and the answers that are written to them."""

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
    """An answer desk of an invented library; what a finder and a writer do is given by the test."""

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
        """A question whose answer was awaited."""
        desk = self.desk(writer)
        asked = await self.ask(desk)
        await self.end_of(desk, asked)
        return self.stored(asked)

    async def end_of(self, desk: AnswerDesk, asked: Message) -> list[tuple[EventType, dict[str, Any]]]:
        return [(event.type, event.payload) async for event in desk.log.follow(asked.id, 0)]

    def stored(self, asked: Message) -> Message:
        return message(self.database, asked.id)

    def played(self, play: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await asyncio.wait_for(play(), 20)

        asyncio.run(run())


@pytest.fixture
def scene(library: Database, translation: Translation, database: Database, clock: FakeClock) -> Scene:
    return Scene(library, translation, database, clock)


def test_a_model_writes_from_the_passages_that_are_found(scene: Scene) -> None:
    async def play() -> None:
        writer = FakeWriter("A lamp ", "is lit [1].")
        desk = scene.desk(writer)
        asked = await scene.ask(desk)
        events = await scene.end_of(desk, asked)
        answered = scene.stored(asked)
        (request,) = writer.requests

        assert (MessageState.DONE, "A lamp is lit [1].", "tiny") == (answered.state, answered.text, answered.made_by)
        assert ["Genesis 1:4–6"] == [source.reference for source in answered.sources]
        assert [EventType.SOURCES, EventType.TOKEN, EventType.TOKEN, EventType.DONE] == [each for each, _ in events]
        assert {"made_by": "tiny", "took_ms": 0, "notice": None} == events[-1][1]
        assert grounded_turns(QUESTION, answered.sources) == request.turns
        assert ("tiny", MAX_TOKENS, "person-1") == (request.model, request.max_tokens, request.user)

    scene.played(play)


def test_a_guest_has_no_number(scene: Scene) -> None:
    async def play() -> None:
        writer = FakeWriter("A lamp.")
        desk = scene.desk(writer)
        await scene.end_of(desk, await scene.ask(desk, asked_by=None))

        assert ["guest"] == [request.user for request in writer.requests]

    scene.played(play)


def test_passages_are_quoted_without_a_model(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.notice = "Meaning is not searched yet."
        for writer in (None, FakeWriter("never", model=None)):
            answered = await scene.answer(writer)

            assert (MessageState.DONE, EXTRACTIVE) == (answered.state, answered.made_by)
            assert answered.text.startswith("> Lamp 4 of evening 1 is lit.")

    scene.played(play)


def test_the_notice_of_the_search_is_told(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.notice = "Meaning is not searched yet."
        desk = scene.desk()
        events = await scene.end_of(desk, await scene.ask(desk))

        assert "Meaning is not searched yet." == events[0][1]["notice"] == events[-1][1]["notice"]

    scene.played(play)


def test_a_model_is_not_asked_where_no_passage_is_found(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.verse_ids = ()
        writer = FakeWriter("never")
        answered = await scene.answer(writer)

        assert [] == writer.requests
        assert (EXTRACTIVE, ()) == (answered.made_by, answered.sources)
        assert answered.text.startswith("No passage was found")

    scene.played(play)


@pytest.mark.parametrize("writer", [FakeWriter(ASLEEP), FakeWriter("never", model=ASLEEP)], ids=["write", "model"])
def test_passages_are_quoted_where_the_model_fails_before_its_first_word(scene: Scene, writer: FakeWriter) -> None:
    async def play() -> None:
        desk = scene.desk(writer)
        asked = await scene.ask(desk)
        events = await scene.end_of(desk, asked)
        answered = scene.stored(asked)

        assert (MessageState.DONE, EXTRACTIVE, None) == (answered.state, answered.made_by, answered.error)
        assert answered.text.startswith("> Lamp 4")
        assert EXTRACTIVE == events[-1][1]["made_by"]
        assert (
            "The chat model could not answer (The model is asleep.) These are the passages themselves."
            == events[-1][1]["notice"]
        )

    scene.played(play)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ASLEEP, "The model is asleep."),
        (Refused("The prompt is too long.", remedy="Ask less."), "The prompt is too long. Ask less."),
        (ZeroDivisionError(), "The answer could not be made, for a reason that the log holds. Try again."),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_answer_that_fails_halfway_keeps_its_text_and_its_author(
    scene: Scene, error: Exception, sentence: str
) -> None:
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

    scene.played(play)


def test_an_answer_that_fails_before_anything_is_written_has_no_author(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.error = Unavailable("The library is busy.")
        failed = await scene.answer(FakeWriter("never"))

        assert (MessageState.FAILED, "", None, "The library is busy.") == (
            failed.state,
            failed.text,
            failed.made_by,
            failed.error,
        )

    scene.played(play)


def test_an_answer_that_is_stopped_keeps_its_text_and_its_author(scene: Scene) -> None:
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

    scene.played(play)


def test_an_answer_that_is_stopped_before_anything_is_written_has_no_author(scene: Scene) -> None:
    async def play() -> None:
        wait = Wait()
        desk = scene.desk(FakeWriter(wait, "never"))
        asked = await scene.ask(desk)
        await wait.reached.wait()
        stopped = await desk.stop(asked.id)

        assert (MessageState.STOPPED, "", None) == (stopped.state, stopped.text, stopped.made_by)

    scene.played(play)


def test_answers_are_stopped_when_the_desk_is_closed(scene: Scene) -> None:
    async def play() -> None:
        waits = [Wait(), Wait()]
        desks = [scene.desk(FakeWriter("A lamp ", wait)) for wait in waits]
        asked = [await scene.ask(desk) for desk in desks]
        for desk, wait in zip(desks, waits, strict=True):
            await wait.reached.wait()
            await desk.close()

        assert [(MessageState.STOPPED, "tiny")] * 2 == [(each.state, each.made_by) for each in map(scene.stored, asked)]

    scene.played(play)


def test_an_answer_that_is_over_cannot_be_stopped(scene: Scene) -> None:
    async def play() -> None:
        desk = scene.desk(FakeWriter("A lamp."))
        asked = await scene.ask(desk)
        await scene.end_of(desk, asked)

        assert scene.stored(asked) == await desk.stop(asked.id)

    scene.played(play)


def test_the_time_that_an_answer_took_is_told(scene: Scene) -> None:
    async def play() -> None:
        wait = Wait()
        desk = scene.desk(FakeWriter("A lamp ", wait, "is lit."))
        asked = await scene.ask(desk)
        await wait.reached.wait()
        began = scene.clock.now
        scene.clock.advance(2.5)
        wait.released.set()
        events = await scene.end_of(desk, asked)
        answered = scene.stored(asked)

        assert 2_500 == events[-1][1]["took_ms"]
        assert (began, began + 2.5) == (answered.created_at, answered.finished_at)

    scene.played(play)


def test_a_start_ends_the_answers_of_processes_that_died(scene: Scene) -> None:
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


def test_a_person_has_four_answers_written_at_the_same_time_and_others_have_theirs(scene: Scene) -> None:
    async def play() -> None:
        scene.finder.allowed.clear()
        desk = scene.desk()
        asked = [await scene.ask(desk) for _ in range(MAX_ANSWERS)]
        with pytest.raises(TooManyAnswers) as refused:
            await scene.ask(desk)
        assert refused.value.retry_after_s > 0
        asked.append(await scene.ask(desk, asked_by=2))

        scene.finder.allowed.set()
        for each in asked:
            await scene.end_of(desk, each)
        assert {MessageState.DONE} == {scene.stored(each).state for each in asked}
        # One after another, nobody is refused.
        for _ in range(2 * MAX_ANSWERS):
            await scene.end_of(desk, await scene.ask(desk))

    scene.played(play)


@pytest.mark.parametrize("question", ["?", "", "12 3", "x" * 1_001])
def test_a_question_that_is_invalid_takes_no_place_and_is_not_stored(scene: Scene, question: str) -> None:
    async def play() -> None:
        desk = scene.desk()
        for _ in range(2 * MAX_ANSWERS):
            with pytest.raises(QuestionInvalid):
                await scene.ask(desk, question)
        assert [] == scene.database.reader.rows("SELECT id FROM messages")
        await scene.end_of(desk, await scene.ask(desk))

    scene.played(play)


def test_a_persons_questions_are_forgotten_with_their_answers(scene: Scene) -> None:
    async def play() -> None:
        desk = scene.desk()
        asked = [await scene.ask(desk, asked_by=person) for person in (1, 2)]
        for each in asked:
            await scene.end_of(desk, each)
        with scene.database.write() as work:
            forget_person(work, 1)

        assert [(asked[1].id,)] == scene.database.reader.rows("SELECT id FROM messages")
        assert {(asked[1].id,)} == set(scene.database.reader.rows("SELECT message FROM message_events"))

    scene.played(play)

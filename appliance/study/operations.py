"""Answer questions: store the question, write the answer in the background, stop it, and mark it as ended after a crash."""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

import msgspec
import structlog

from appliance.errors import ApplianceError, Refused, TooManyRequests, Unavailable
from appliance.infrastructure.clock import SYSTEM_CLOCK, Clock
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.jobs.leases import owner_is_dead, this_process
from appliance.scripture.translations.translation import Translation
from appliance.study import queries, store
from appliance.study.answer import EXTRACTIVE, EventType, Message, MessageState
from appliance.study.extractive import write_extract
from appliance.study.grounding import MAX_TOKENS, grounded_turns
from appliance.study.log import AnswerLog, LiveAnswer, mark_interrupted
from appliance.study.ports import AnswerWriter, PassageFinder
from appliance.study.retrieval import Retrieved, retrieve

MAX_QUESTION_CHARACTERS = 1_000
# The maximum number of unfinished answers per person.
MAX_ANSWERS = 4
ANSWERS_RETRY_S = 5.0

Result = TypeVar("Result")
_log = structlog.get_logger()


class QuestionInvalid(Refused):
    """The question is empty or too long."""


class TooManyAnswers(TooManyRequests):
    """This person already has the maximum number of unfinished answers."""


class AnswerDesk:
    """Accepts questions and writes the answers in tasks of the running event loop.

    The search for passages runs in the threads of `executor`, or in the default threads of the event loop.
    """

    def __init__(
        self,
        *,
        library: Database,
        appliance: Database,
        finder: PassageFinder,
        writer: AnswerWriter | None,
        executor: Executor | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.log = AnswerLog(appliance, clock)
        self._executor, self._clock = executor, clock
        self._unfinished_answers: Counter[int] = Counter()
        self._askers: dict[str, int | None] = {}
        self._library, self._appliance = library, appliance
        self._finder, self._writer = finder, writer
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, question: str, translation: Translation, *, asked_by: int | None = None) -> Message:
        """Store a question and start its answer. The answer quotes `translation`.

        Raises QuestionInvalid, or TooManyAnswers if the person has four unfinished answers. After an error, nothing is stored.
        """
        question = " ".join(question.split())
        if not any(character.isalpha() for character in question):
            raise QuestionInvalid("The question is empty.", remedy="Write a question, or the name of a topic.")
        if len(question) > MAX_QUESTION_CHARACTERS:
            raise QuestionInvalid(
                f"The question has {len(question):,} characters.",
                remedy=f"Use at most {MAX_QUESTION_CHARACTERS:,} characters.",
            )
        self._begin(asked_by)
        try:
            message = await asyncio.to_thread(self._store_question, question, translation.id, asked_by)
        except BaseException:
            self._end(asked_by)
            raise
        # The model runtime may be on another machine, so it gets a number and not the name of the person.
        user = "guest" if asked_by is None else f"person-{asked_by}"
        task = asyncio.create_task(self._answer(self.log.open(message.id), question, translation, user))
        self._tasks[message.id], self._askers[message.id] = task, asked_by
        task.add_done_callback(lambda _task: self._forget(message.id))
        return message

    def check_may_ask(self, asked_by: int | None) -> None:
        """Raises TooManyAnswers if the person has four unfinished answers."""
        if asked_by is not None and self._unfinished_answers[asked_by] >= MAX_ANSWERS:
            raise TooManyAnswers(
                f"You already have {MAX_ANSWERS} answers in progress.",
                remedy="Wait until one of these answers ends, or stop one. Then ask again.",
                retry_after_s=ANSWERS_RETRY_S,
            )

    def _begin(self, asked_by: int | None) -> None:
        self.check_may_ask(asked_by)
        if asked_by is not None:
            self._unfinished_answers[asked_by] += 1

    def _end(self, asked_by: int | None) -> None:
        if asked_by is not None:
            self._unfinished_answers[asked_by] -= 1
            if not self._unfinished_answers[asked_by]:
                del self._unfinished_answers[asked_by]

    def _store_question(self, question: str, translation: str, asked_by: int | None) -> Message:
        message_id = secrets.token_hex(8)
        with self._appliance.write() as work:
            store.insert_message(
                work,
                message_id,
                asked_by=asked_by,
                question=question,
                translation=translation,
                owner=this_process(),
                now=self._clock.time(),
            )
        return queries.message(self._appliance, message_id)

    async def stop(self, message_id: str) -> Message:
        """Stop an unfinished answer. Its text stays. Raises MessageNotFound."""
        task = self._tasks.get(message_id)
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return await asyncio.to_thread(queries.message, self._appliance, message_id)

    async def close(self) -> None:
        """Stop all unfinished answers."""
        for message_id in list(self._tasks):
            await self.stop(message_id)

    def mark_interrupted(self) -> None:
        """End the answers of dead processes. Call this when the process starts."""
        if not self._appliance.is_writable:
            return
        for message_id, owner in self._appliance.reader.rows(store.SELECT_RUNNING):
            if owner is None or owner_is_dead(owner):
                with self._appliance.write() as work:
                    mark_interrupted(work, message_id, now=self._clock.time())

    def _release_slot(self, message_id: str) -> None:
        """Let the person ask again. Call this before the end event, because a client may ask as soon as it gets that event."""
        self._end(self._askers.pop(message_id, None))

    def _forget(self, message_id: str) -> None:
        self._release_slot(message_id)
        self.log.close(message_id)
        self._tasks.pop(message_id, None)

    async def _answer(self, live: LiveAnswer, question: str, translation: Translation, user: str) -> None:
        started = self._clock.monotonic()
        try:
            retrieved = await self._in_thread(self._retrieve, question, translation)
            await live.append(EventType.SOURCES, _sources_payload(retrieved))
            notice = await self._write(live, question, retrieved, user)
            took_ms = round((self._clock.monotonic() - started) * 1000)
            self._release_slot(live.message_id)
            await live.append(
                EventType.DONE, {"made_by": live.made_by, "took_ms": took_ms, "notice": notice or retrieved.notice}
            )
            await live.finish(MessageState.DONE)
        except asyncio.CancelledError:
            self._release_slot(live.message_id)
            await live.append(EventType.DONE, {"made_by": live.made_by, "stopped": True})
            await live.finish(MessageState.STOPPED)
            raise
        except ApplianceError as error:
            await self._fail(live, str(error))
        except Exception:  # noqa: BLE001 - nobody awaits this task; the reader gets a message, the log gets the traceback
            _log.exception("answer failed", message=live.message_id)
            await self._fail(live, "An unexpected error occurred. Try again; details are in the log.")

    async def _fail(self, live: LiveAnswer, sentence: str) -> None:
        self._release_slot(live.message_id)
        await live.append(EventType.ERROR, {"message": sentence})
        await live.finish(MessageState.FAILED, error=sentence)

    async def _in_thread(self, function: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(function, *args))

    def _retrieve(self, question: str, translation: Translation) -> Retrieved:
        return retrieve(self._library, self._finder, question, translation)

    async def _write(self, live: LiveAnswer, question: str, retrieved: Retrieved, user: str) -> str | None:
        """Write with the chat model. Without a model, quote the passages. Return a notice for the reader, or None."""
        notice = None
        try:
            if await self._write_by_model(live, question, retrieved, user):
                return None
        except Unavailable as error:
            if live.made_by:
                raise
            # Nothing is written yet, and quoted passages are a better answer than an error.
            notice = f"The chat model could not answer, so the passages are quoted: {error.message}"
        for piece in await self._in_thread(lambda: list(write_extract(retrieved))):
            await live.write(piece, EXTRACTIVE)
        return notice

    async def _write_by_model(self, live: LiveAnswer, question: str, retrieved: Retrieved, user: str) -> bool:
        """Write with the chat model. Return False if there is no model or no source. Raises Unavailable."""
        writer = self._writer
        model = await self._in_thread(writer.model) if writer else None
        if writer is None or model is None or not retrieved.sources:
            return False
        turns = grounded_turns(question, retrieved.sources)
        writing = writer.write(turns, model=model, max_tokens=MAX_TOKENS, user=user)
        async with contextlib.aclosing(writing) as pieces:
            async for piece in pieces:
                await live.write(piece, model)
        # Set the author even if the model wrote no text.
        live.made_by = model
        return True


def forget_person(work: UnitOfWork, person: int) -> None:
    """Delete the questions of a person, and the answers to them."""
    work.execute(store.DELETE_OF_PERSON, (person,))


def _sources_payload(retrieved: Retrieved) -> dict[str, object]:
    return {"sources": msgspec.to_builtins(retrieved.sources), "notice": retrieved.notice}

"""Ask a question: store the message, make its answer outside any request, stop it, end what a crash left."""

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
# Answers of one person that may be written at the same time.
MAX_ANSWERS = 4
ANSWERS_RETRY_S = 5.0

Result = TypeVar("Result")
_log = structlog.get_logger()


class QuestionInvalid(Refused):
    """The question is empty or too long."""


class TooManyAnswers(TooManyRequests):
    """As many answers of this person are being written as one person may have."""


class AnswerDesk:
    """Takes questions and makes their answers, as tasks of the running event loop.

    Passages are looked for in the threads of `executor`, else in those of the event loop.
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
        self._being_written: Counter[int] = Counter()
        self._askers: dict[str, int | None] = {}
        self._library, self._appliance = library, appliance
        self._finder, self._writer = finder, writer
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, question: str, translation: Translation, *, asked_by: int | None = None) -> Message:
        """Store a question and begin its answer, which quotes a translation.

        Raises QuestionInvalid or, for a person with four unfinished answers, TooManyAnswers; nothing is stored then.
        """
        question = " ".join(question.split())
        if not any(character.isalpha() for character in question):
            raise QuestionInvalid("The question is empty.", remedy="Ask in a sentence, or name a topic.")
        if len(question) > MAX_QUESTION_CHARACTERS:
            raise QuestionInvalid(
                f"The question has {len(question):,} characters.",
                remedy=f"At most {MAX_QUESTION_CHARACTERS:,} are read.",
            )
        self._begin(asked_by)
        try:
            message = await asyncio.to_thread(self._store_question, question, translation.id, asked_by)
        except BaseException:
            self._end(asked_by)
            raise
        # A number says nothing of the person to another machine's runtime.
        user = "guest" if asked_by is None else f"person-{asked_by}"
        task = asyncio.create_task(self._answer(self.log.open(message.id), question, translation, user))
        self._tasks[message.id], self._askers[message.id] = task, asked_by
        task.add_done_callback(lambda _task: self._forget(message.id))
        return message

    def check_may_ask(self, asked_by: int | None) -> None:
        """Raises TooManyAnswers for a person with four unfinished answers."""
        if asked_by is not None and self._being_written[asked_by] >= MAX_ANSWERS:
            raise TooManyAnswers(
                f"You already have {MAX_ANSWERS} answers in progress.",
                remedy="Wait for one of them to end, or stop it, then ask again.",
                retry_after_s=ANSWERS_RETRY_S,
            )

    def _begin(self, asked_by: int | None) -> None:
        self.check_may_ask(asked_by)
        if asked_by is not None:
            self._being_written[asked_by] += 1

    def _end(self, asked_by: int | None) -> None:
        if asked_by is not None:
            self._being_written[asked_by] -= 1
            if not self._being_written[asked_by]:
                del self._being_written[asked_by]

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
        """Stop an answer in the making; its text so far stays. Raises MessageNotFound."""
        task = self._tasks.get(message_id)
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return await asyncio.to_thread(queries.message, self._appliance, message_id)

    async def close(self) -> None:
        """Stop every answer in the making."""
        for message_id in list(self._tasks):
            await self.stop(message_id)

    def mark_interrupted(self) -> None:
        """End the answers of processes that died; to be called at start."""
        if not self._appliance.is_writable:
            return
        for message_id, owner in self._appliance.reader.rows(store.SELECT_RUNNING):
            if owner is None or owner_is_dead(owner):
                with self._appliance.write() as work:
                    mark_interrupted(work, message_id, now=self._clock.time())

    def _count_no_longer(self, message_id: str) -> None:
        """Let the person ask again: before the end of this answer is told, as a client may ask at once."""
        self._end(self._askers.pop(message_id, None))

    def _forget(self, message_id: str) -> None:
        self._count_no_longer(message_id)
        self.log.close(message_id)
        self._tasks.pop(message_id, None)

    async def _answer(self, live: LiveAnswer, question: str, translation: Translation, user: str) -> None:
        began = self._clock.monotonic()
        try:
            retrieved = await self._in_thread(self._retrieve, question, translation)
            await live.append(EventType.SOURCES, _sources_payload(retrieved))
            notice = await self._write(live, question, retrieved, user)
            took_ms = round((self._clock.monotonic() - began) * 1000)
            self._count_no_longer(live.message_id)
            await live.append(
                EventType.DONE, {"made_by": live.made_by, "took_ms": took_ms, "notice": notice or retrieved.notice}
            )
            await live.finish(MessageState.DONE)
        except asyncio.CancelledError:
            self._count_no_longer(live.message_id)
            await live.append(EventType.DONE, {"made_by": live.made_by, "stopped": True})
            await live.finish(MessageState.STOPPED)
            raise
        except ApplianceError as error:
            await self._fail(live, str(error))
        except Exception:  # noqa: BLE001 - a task of nobody's: the reader gets a sentence, the log the trace
            _log.exception("answer failed", message=live.message_id)
            await self._fail(live, "The answer could not be made, for a reason that the log holds. Try again.")

    async def _fail(self, live: LiveAnswer, sentence: str) -> None:
        self._count_no_longer(live.message_id)
        await live.append(EventType.ERROR, {"message": sentence})
        await live.finish(MessageState.FAILED, error=sentence)

    async def _in_thread(self, function: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(function, *args))

    def _retrieve(self, question: str, translation: Translation) -> Retrieved:
        return retrieve(self._library, self._finder, question, translation)

    async def _write(self, live: LiveAnswer, question: str, retrieved: Retrieved, user: str) -> str | None:
        """Write by the chat model where there is one, else quote the passages; what to tell the reader of that."""
        notice = None
        try:
            if await self._write_by_model(live, question, retrieved, user):
                return None
        except Unavailable as error:
            if live.made_by:
                raise
            # Nothing was written yet: passages are a better answer than an error.
            notice = f"The chat model could not answer ({error.message}) These are the passages themselves."
        for piece in await self._in_thread(lambda: list(write_extract(retrieved))):
            await live.write(piece, EXTRACTIVE)
        return notice

    async def _write_by_model(self, live: LiveAnswer, question: str, retrieved: Retrieved, user: str) -> bool:
        """False where there is no chat model, or nothing to write from. Raises Unavailable."""
        writer = self._writer
        model = await self._in_thread(writer.model) if writer else None
        if writer is None or model is None or not retrieved.sources:
            return False
        turns = grounded_turns(question, retrieved.sources)
        writing = writer.write(turns, model=model, max_tokens=MAX_TOKENS, user=user)
        async with contextlib.aclosing(writing) as pieces:
            async for piece in pieces:
                await live.write(piece, model)
        # Also of an answer without a word.
        live.made_by = model
        return True


def forget_person(work: UnitOfWork, person: int) -> None:
    """Delete the questions of a person, with their answers."""
    work.execute(store.DELETE_OF_PERSON, (person,))


def _sources_payload(retrieved: Retrieved) -> dict[str, object]:
    return {"sources": msgspec.to_builtins(retrieved.sources), "notice": retrieved.notice}

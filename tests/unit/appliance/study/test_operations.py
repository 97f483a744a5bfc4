"""Questions and the answers that are written to them."""

import asyncio
import threading
from pathlib import Path
from typing import cast

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source
from appliance.scripture.passage import Translation
from appliance.scripture.queries import find_translation
from appliance.scripture.search.hits import Results, Search
from appliance.scripture.search.service import Finder
from appliance.study.answer import Message, MessageState
from appliance.study.operations import MOST_ANSWERS, AnswerDesk, QuestionInvalid, TooManyAnswers
from appliance.study.queries import message
from server.bootstrap import APPLIANCE_MIGRATIONS, LIBRARY_MIGRATIONS

USFM = r"""\id GEN Invented
\c 1
\p
\v 1 A lamp was lit on the first evening.
\v 2 It shone to all who were in the house.
"""


class SlowFinder:
    """Finds nothing, once it is allowed to."""

    def __init__(self) -> None:
        self.allowed = threading.Event()

    def search(self, wanted: Search) -> Results:
        self.allowed.wait(timeout=30)
        return Results(wanted.query, wanted.mode, wanted.translation, took_ms=0, hits=(), next_cursor=None)


@pytest.fixture
def desk(tmp_path: Path) -> tuple[AnswerDesk, SlowFinder, Database]:
    databases = (
        Database(tmp_path / "library.db", LIBRARY_MIGRATIONS),
        Database(tmp_path / "a.db", APPLIANCE_MIGRATIONS),
    )
    for each in databases:
        each.migrate()
    library, appliance = databases
    (tmp_path / "gen.usfm").write_text(USFM, encoding="utf-8")
    with open_sources(str(tmp_path / "gen.usfm")) as (source,):
        import_source(library, source)
    finder = SlowFinder()
    made = AnswerDesk(library=library, appliance=appliance, finder=cast("Finder", finder), writer=None)
    return made, finder, appliance


def gen(desk: AnswerDesk) -> Translation:
    return find_translation(desk._library, "gen")


async def ended(desk: AnswerDesk, asked: Message) -> None:
    async for _ in desk.log.follow(asked.id, 0):
        pass


def test_a_person_has_four_answers_written_at_the_same_time_and_others_have_theirs(
    desk: tuple[AnswerDesk, SlowFinder, Database],
) -> None:
    answers, finder, stored = desk

    async def class_room() -> None:
        asked = [await answers.ask("What was lit?", gen(answers), asked_by=1) for _ in range(MOST_ANSWERS)]
        with pytest.raises(TooManyAnswers) as refused:
            await answers.ask("What shone?", gen(answers), asked_by=1)
        assert refused.value.retry_after_s > 0
        asked.append(await answers.ask("What shone?", gen(answers), asked_by=2))

        finder.allowed.set()
        for each in asked:
            await ended(answers, each)
        assert {message(stored, each.id).state for each in asked} == {MessageState.DONE}
        # One after another, nobody is refused.
        for _ in range(2 * MOST_ANSWERS):
            await ended(answers, await answers.ask("What shone?", gen(answers), asked_by=1))

    asyncio.run(class_room())


def test_a_question_that_is_refused_takes_no_place(desk: tuple[AnswerDesk, SlowFinder, Database]) -> None:
    answers, finder, _stored = desk
    finder.allowed.set()

    async def pupil() -> None:
        for _ in range(2 * MOST_ANSWERS):
            with pytest.raises(QuestionInvalid):
                await answers.ask("?", gen(answers), asked_by=1)
        await ended(answers, await answers.ask("What shone?", gen(answers), asked_by=1))

    asyncio.run(pupil())

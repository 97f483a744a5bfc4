"""The importer accepts the document, and only some verses are changed."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest

from appliance.scripture.importers.osis.text import read_osis
from appliance.scripture.translations.translation import Translation
from appliance.scripture.translations.verse import Markup, Verse, Word
from server.benchmarks.footprint.appliance_process import Running
from server.benchmarks.footprint.reimport import (
    CHANGE,
    CHANGED_EVERY,
    MAX_VERSE_CHARACTERS,
    await_first_jobs,
    await_rebuilt,
    changed,
    document_of,
)
from server.benchmarks.helper_process import MeasurementFailed

TRANSLATION = Translation(
    id="LAMP",
    name="Lamps and lights",
    language="en",
    versification="KJV",
    licence="Public domain",
    attribution="",
    source="SWORD module lamp",
    digest="",
    verses=0,
)
PSALM = 19_119_000
VERSES = [Verse(PSALM + number, f"Lamp {number} & oil shine.") for number in range(1, 42)]


def imported(folder: Path, verses: Iterable[Verse]) -> list[Verse]:
    file = folder / "LAMP.osis"
    file.write_text("".join(document_of(TRANSLATION, changed(verses))), encoding="utf-8")
    source = read_osis(file)
    assert (TRANSLATION.id, TRANSLATION.name, TRANSLATION.language, TRANSLATION.versification, TRANSLATION.licence) == (
        source.id,
        source.name,
        source.language,
        source.versification,
        source.licence,
    )
    return source.read()


def test_one_verse_in_twenty_has_another_end(tmp_path: Path) -> None:
    verses = imported(tmp_path, VERSES)
    changed_ids = [verse.verse_id for verse, old in zip(verses, VERSES, strict=True) if verse.text != old.text]

    assert [PSALM + 1, PSALM + 1 + CHANGED_EVERY, PSALM + 1 + 2 * CHANGED_EVERY] == changed_ids
    assert verses[0].text == f"{VERSES[0].text} {CHANGE}"


def test_words_keep_their_strongs_numbers(tmp_path: Path) -> None:
    markup = Markup(words=(Word(0, 4, ("H5216",)), Word(7, 10, ("H8081", "H3323"))))
    verse = Verse(PSALM + 1, "Lamps, oil & light.", markup)

    (read,) = imported(tmp_path, [verse])

    assert read.markup.words == markup.words
    assert read.text.startswith(verse.text)


def test_words_that_overlap_or_exceed_the_verse_are_left_out(tmp_path: Path) -> None:
    markup = Markup(words=(Word(0, 4, ("H1",)), Word(2, 6, ("H2",)), Word(7, 90, ("H3",))))

    (read,) = imported(tmp_path, [Verse(PSALM + 1, "Lamps, oil & light.", markup)])

    assert read.markup.words == (Word(0, 4, ("H1",)),)


def test_long_verses_are_cut_and_gaps_are_filled(tmp_path: Path) -> None:
    verses = imported(tmp_path, [Verse(PSALM + 2, "a lamp " * 300), Verse(PSALM + 4, "A light.")])

    assert [PSALM + number for number in range(1, 5)] == [verse.verse_id for verse in verses]
    assert CHANGE == verses[2].text
    assert len(verses[1].text) <= MAX_VERSE_CHARACTERS + len(CHANGE) + 1


def test_joined_verses_stay_joined(tmp_path: Path) -> None:
    verses = imported(tmp_path, [Verse(PSALM + 1, "Two in one.", through=PSALM + 2), Verse(PSALM + 3, "Another.")])

    assert [(PSALM + 1, PSALM + 2), (PSALM + 3, 0)] == [(verse.verse_id, verse.through) for verse in verses]


class FakeRunning:
    """A running server that returns another list of jobs for each request."""

    def __init__(self, *lists: list[dict[str, Any]]) -> None:
        self.lists = list(lists)
        transport = httpx.MockTransport(self._answer)
        self.administrator = self.guest = httpx.Client(base_url="http://127.0.0.1", transport=transport)

    def wait_for(self, check: Callable[[], object], _failure: str, _limit_s: float) -> None:
        while not check():
            pass

    def _answer(self, request: httpx.Request) -> httpx.Response:
        index = {"translation": "LAMP", "model": "m", "embedded": 2, "total": 2}
        answer = {"index": index} if request.url.path.endswith("health") else {"jobs": self.lists.pop(0)}
        return httpx.Response(200, content=msgspec.json.encode(answer))


def job(number: int, kind: str, state: str, error: str | None = None) -> dict[str, Any]:
    text_fields = {"queue": "library", "title": kind.title(), "message": "", "started_by": ""}
    number_fields = {"progress": 0.0, "attempts": 1, "created_at": 0.0}
    empty_fields = {"seconds_left": None, "started_at": None, "finished_at": None}
    return {"id": number, "kind": kind, "state": state, "error": error, "cancel_requested": False} | (
        text_fields | number_fields | empty_fields
    )


def test_waiting_includes_the_time_before_the_first_jobs_are_created() -> None:
    appliance = FakeRunning([], [job(1, "check", "running")], [job(1, "check", "done")])
    await_first_jobs(cast("Running", appliance))

    assert [] == appliance.lists


def test_waiting_includes_all_jobs_after_an_import() -> None:
    old, imported = job(1, "graph", "done"), job(2, "import", "done")
    appliance = FakeRunning(
        [job(2, "import", "running"), old],
        [imported, old],
        [job(3, "graph", "queued"), imported, old],
        [job(3, "graph", "done"), imported, old],
    )
    await_rebuilt(cast("Running", appliance), 2)

    assert [] == appliance.lists


def test_a_failed_job_stops_the_measurement() -> None:
    appliance = FakeRunning([job(2, "import", "failed", "The file has faults."), job(1, "graph", "failed")])

    with pytest.raises(MeasurementFailed, match="Import failed") as failed:
        await_rebuilt(cast("Running", appliance), 2)
    assert "The file has faults." == failed.value.remedy

"""USFM files of one translation."""

from pathlib import Path

import pytest

from appliance.scripture.importers.detect import open_sources
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.usfm.text import read_usfm
from appliance.scripture.importers.validation import TextFaulty

JOHN = "\\id JHN A sample\n\\c 3\n\\p\n\\v 16 For God so loved\n"
PSALM = "\\id PSA\n\\c 3\n\\q1\n\\v 1 Yahweh\n"


def test_a_folder_of_files_is_one_translation_in_canon_order(tmp_path: Path) -> None:
    folder = tmp_path / "eng-sample"
    folder.mkdir()
    (folder / "a.usfm").write_text(JOHN)
    (folder / "b.SFM").write_text(PSALM)
    (folder / "front.usfm").write_text("\\id FRT\n\\p Preface.")

    with open_sources(str(folder)) as (source,):
        assert ["Ps.3.1", "John.3.16"] == [verse.osis for verse in source.entries()][:2]


def test_a_chapter_that_no_versification_has_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "b.usfm"
    path.write_text("\\id JUD\n\\c 7\n\\v 1 one\n")

    with pytest.raises(TextFaulty, match="Jude has no chapter 7"):
        read_usfm([path], name="b").read()


def test_the_label_of_a_verse_bridge_has_both_numbers_and_no_verse_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "b.usfm"
    path.write_text("\\id JUD\n\\c 1\n\\p\n\\v 1 One.\n\\v 2-3 Two and three.\n\\v 4 Four.\n")
    verses = read_usfm([path], name="b").read()

    assert ["1", "2–3", "4"] == [verse.label for verse in verses]


def test_a_file_that_is_not_usfm_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.usfm").write_text("plain text")

    with pytest.raises(SourceUnreadable, match=r"b\.usfm is not USFM"):
        read_usfm([tmp_path / "b.usfm"], name="b")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.usfm").write_bytes("\\id JUD Señor".encode("latin-1"))

    with pytest.raises(SourceUnreadable, match=r"b\.usfm is not UTF-8"):
        read_usfm([tmp_path / "b.usfm"], name="b")


def test_files_without_a_book_of_the_bible_are_refused(tmp_path: Path) -> None:
    (tmp_path / "front.usfm").write_text("\\id FRT\n\\p Preface.")

    with pytest.raises(SourceUnreadable, match="no USFM file with a book of the Bible"):
        read_usfm([tmp_path / "front.usfm"], name="b")


def test_the_digest_changes_with_every_file(tmp_path: Path) -> None:
    one, two = tmp_path / "a.usfm", tmp_path / "b.usfm"
    one.write_text(JOHN)
    two.write_text(PSALM)
    before = read_usfm([one, two], name="b").digest
    two.write_text(PSALM.replace("Yahweh", "The LORD"))

    assert before != read_usfm([one, two], name="b").digest

"""SWORD commentaries, from a module that the test writes."""

import struct
import zlib
from pathlib import Path

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.canon import osis_of
from appliance.scripture.commentaries import queries
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source, remove
from appliance.scripture.references import parse_reference
from appliance.scripture.versification import versification
from server.bootstrap import LIBRARY_MIGRATIONS

CONFIGURATION = """[Small]
DataPath=./modules/comments/zcom/small/
ModDrv={driver}
SourceType=OSIS
CompressType=ZIP
Description=A small commentary
About=By hand.\\par For tests
DistributionLicense=Public Domain
Lang=en
"""


def module(root: Path, comments: dict[tuple[str, int, int], str], *, driver: str = "zCom", entry: str = "<IIH") -> Path:
    """Write a module of Old Testament comments by (OSIS id, chapter, verse). Equal comments share a place."""
    (root / "mods.d").mkdir(parents=True)
    (root / "mods.d" / "small.conf").write_text(CONFIGURATION.format(driver=driver))
    folder = root / "modules/comments/zcom/small"
    folder.mkdir(parents=True)
    block, places = b"", dict[str, tuple[int, int]]()
    for text in comments.values():
        if text not in places:
            places[text] = len(block), len(text.encode())
            block += text.encode()
    slots = [b"\0" * struct.calcsize(entry)] * 2
    for division in versification("KJV").testaments["ot"]:
        for chapter, count in enumerate((0, *division.verses)):
            for verse in range((count if chapter else 0) + 1):
                start, size = places.get(comments.get((division.book.osis, chapter, verse), ""), (0, 0))
                slots.append(struct.pack(entry, 0, start, size))
    packed = zlib.compress(block)
    (folder / "ot.bzv").write_bytes(b"".join(slots))
    (folder / "ot.bzs").write_bytes(struct.pack("<III", 0, len(packed), len(block)))
    (folder / "ot.bzz").write_bytes(packed)
    return root


def read(root: Path) -> list[tuple[str, str, tuple[str, ...]]]:
    with open_sources(str(root)) as sources:
        (source,) = sources
        assert source.kind is COMMENTARY
        return [(osis_of(comment.start), osis_of(comment.end), comment.paragraphs) for comment in source.entries()]


def test_verses_that_share_a_place_share_a_comment(tmp_path: Path) -> None:
    shared = "<p>In the <hi>beginning</hi> .</p><p>A second paragraph</p>"
    comments = {("Gen", 1, 1): shared, ("Gen", 1, 2): shared, ("Gen", 1, 3): "Light"}

    assert [
        ("Gen.1.1", "Gen.1.2", ("In the beginning.", "A second paragraph")),
        ("Gen.1.3", "Gen.1.3", ("Light",)),
    ] == read(module(tmp_path, comments))


def test_the_introduction_of_a_chapter_is_about_the_whole_chapter(tmp_path: Path) -> None:
    assert [("Gen.2.0", "Gen.2.999", ("The garden",))] == read(module(tmp_path, {("Gen", 2, 0): "The garden"}))


def test_comments_at_the_first_verse_are_split_by_the_verses_they_name(tmp_path: Path) -> None:
    text = "<p>Of the whole.</p><p>Verse 1. One.</p><p>Verses 2-3. Two.</p><p>More.</p><p>EXPLANATORY NOTES</p><p>Verse 1. Again.</p>"

    assert [
        ("Ps.23.0", "Ps.23.999", ("Of the whole.", "EXPLANATORY NOTES")),
        ("Ps.23.1", "Ps.23.1", ("Verse 1. One.", "Verse 1. Again.")),
        ("Ps.23.2", "Ps.23.3", ("Verses 2-3. Two.", "More.")),
    ] == sorted(read(module(tmp_path, {("Ps", 23, 1): text})))


@pytest.mark.parametrize(("driver", "entry"), [("zCom4", "<III"), ("zCom4", "<IIH")])
def test_large_drivers_can_have_large_or_small_entries(tmp_path: Path, driver: str, entry: str) -> None:
    comments = read(module(tmp_path, {("Gen", 1, 1): "Words"}, driver=driver, entry=entry))

    assert [("Gen.1.1", "Gen.1.1", ("Words",))] == comments


def test_comments_on_a_passage_have_name_and_attribution(tmp_path: Path) -> None:
    database = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    database.migrate()
    comments = {("Gen", 1, 1): "First", ("Gen", 1, 0): "Chapter", ("Gen", 2, 1): "Second"}
    with open_sources(str(module(tmp_path / "sword", comments))) as sources:
        import_source(database, sources[0])
    passage_comments = queries.comments(database, parse_reference("Gen 1:1-2")).items

    assert ["Chapter", "First"] == [comment.paragraphs[0] for comment in passage_comments]
    assert ("A small commentary", "By hand. For tests") == (passage_comments[0].name, passage_comments[0].attribution)
    remove(database, "Small")
    assert [] == queries.comments(database, parse_reference("Gen 1")).items

"""SWORD commentaries, from a module that the test writes."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from fakes.new_databases import new_library
from fakes.tiny_sword import SwordPlace, write_verses

from appliance.scripture.canon import osis_of
from appliance.scripture.commentaries import queries
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.sword.commentary import read_commentary
from appliance.scripture.operations import import_source, remove
from appliance.scripture.references import parse_reference

LINES = (
    "SourceType=OSIS",
    "CompressType=ZIP",
    "Description=A small commentary",
    "About=By hand.\\par For tests",
    "DistributionLicense=Public Domain",
    "Lang=en",
)


def module(root: Path, comments: Mapping[SwordPlace, str], *, driver: str = "zCom", entry: str = "<IIH") -> Path:
    """Write a module of comments. Equal comments share a place."""
    write_verses(root, comments, driver=driver, entry=entry, lines=LINES)
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
    database = new_library(tmp_path / "library.db")
    comments = {("Gen", 1, 1): "First", ("Gen", 1, 0): "Chapter", ("Gen", 2, 1): "Second"}
    with open_sources(str(module(tmp_path / "sword", comments))) as sources:
        import_source(database, sources[0])
    passage_comments = queries.comments(database, parse_reference("Gen 1:1-2")).items

    assert ["Chapter", "First"] == [comment.paragraphs[0] for comment in passage_comments]
    assert ("A small commentary", "By hand. For tests") == (passage_comments[0].name, passage_comments[0].attribution)
    remove(database, "Small")
    assert [] == queries.comments(database, parse_reference("Gen 1")).items


def paragraphs(root: Path, markup: str) -> tuple[str, ...]:
    """The paragraphs of a comment on the first verse."""
    ((_, _, texts),) = read(module(root, {("Matt", 1, 1): markup}))
    return texts


@pytest.mark.parametrize(
    "markup",
    [
        "<p>One.</p><p>Two.</p>",
        "One.<br/>Two.",
        "<title>One.</title>Two.",
        "One.\n \nTwo.",
        "<list><item>One.</item><item>Two.</item></list>",
        "<DIV>One.</DIV>\nTwo.",
    ],
)
def test_blocks_and_blank_lines_divide_paragraphs(tmp_path: Path, markup: str) -> None:
    assert ("One.", "Two.") == paragraphs(tmp_path, markup)


def test_paragraphs_contain_plain_text(tmp_path: Path) -> None:
    markup = (
        "A <b>lamp</b> , &quot;lit&quot; by\n  <ref osisRef='Gen.1.3'>Gen 1:3</ref> ; R&amp;D &lt;i&gt; &#8212;<p></p>"
    )

    assert ('A lamp, "lit" by Gen 1:3; R&D <i> —',) == paragraphs(tmp_path, markup)


def test_verses_without_words_have_no_comment(tmp_path: Path) -> None:
    assert [] == read(module(tmp_path, {("Matt", 1, 1): "<p> </p>", ("Matt", 1, 2): "<br/>"}))


def test_the_introduction_of_a_book_is_left_out(tmp_path: Path) -> None:
    comments = {("Matt", 0, 0): "Of the book", ("Matt", 1, 1): "Of the verse"}

    assert [("Matt.1.1", "Matt.1.1", ("Of the verse",))] == read(module(tmp_path, comments))


def test_an_introduction_is_not_joined_with_the_same_comment_on_the_first_verse(tmp_path: Path) -> None:
    comments = {("Matt", 2, 0): "The garden", ("Matt", 2, 1): "The garden"}

    assert [("Matt.2.0", "Matt.2.999", ("The garden",)), ("Matt.2.1", "Matt.2.1", ("The garden",))] == read(
        module(tmp_path, comments)
    )


def test_the_same_comment_in_two_places_that_do_not_touch_is_two_comments(tmp_path: Path) -> None:
    comments = {("Matt", 1, 1): "Made.", ("Matt", 1, 2): "Dark.", ("Matt", 1, 3): "Made."}

    assert ["Matt.1.1", "Matt.1.2", "Matt.1.3"] == [start for start, _, _ in read(module(tmp_path, comments))]


def test_a_paragraph_that_names_its_own_verse_is_not_split(tmp_path: Path) -> None:
    text = "<p>Verse 3. Light.</p><p>More.</p>"

    assert [("Matt.1.3", "Matt.1.3", ("Verse 3. Light.", "More."))] == read(module(tmp_path, {("Matt", 1, 3): text}))


def test_a_verse_named_within_a_sentence_is_no_division(tmp_path: Path) -> None:
    text = "<p>As verse 9 says.</p><p>See Verse 9. There.</p>"

    assert [("Matt.1.3", "Matt.1.3", ("As verse 9 says.", "See Verse 9. There."))] == read(
        module(tmp_path, {("Matt", 1, 3): text})
    )


def test_a_commentary_is_described_by_its_configuration(tmp_path: Path) -> None:
    source = read_commentary(write_verses(tmp_path, {}, driver="zCom", lines=LINES))

    assert (COMMENTARY, "Small", "A small commentary", "en") == (source.kind, source.id, source.name, source.language)
    assert ("Public Domain", "By hand. For tests", "SWORD module Small") == (
        source.licence,
        source.attribution,
        source.origin,
    )


def test_a_commentary_in_other_markup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="Small uses the markup ThML, which is not supported"):
        read_commentary(write_verses(tmp_path, {}, driver="zCom", lines=["SourceType=ThML"]))


@pytest.mark.parametrize(
    ("scheme", "place", "start", "end"),
    [
        ("Vulg", ("Ps", 22, 1), "Ps.23.1", "Ps.23.1"),
        ("Leningrad", ("Joel", 4, 1), "Joel.3.1", "Joel.3.1"),
        ("Leningrad", ("Ps", 51, 1), "Ps.51.0", "Ps.51.0"),
    ],
)
def test_comments_have_the_verse_numbers_of_the_hub(
    tmp_path: Path, scheme: str, place: SwordPlace, start: str, end: str
) -> None:
    source = read_commentary(write_verses(tmp_path, {place: "Words"}, driver="zCom", scheme=scheme))

    assert [(start, end)] == [(osis_of(comment.start), osis_of(comment.end)) for comment in source.entries()]


@pytest.mark.parametrize(
    ("scheme", "place", "ranges"),
    [
        ("Vulg", ("Ps", 22, 0), [("Ps.23.0", "Ps.23.999")]),
        ("Vulg", ("Ps", 9, 0), [("Ps.9.0", "Ps.9.999"), ("Ps.10.0", "Ps.10.999")]),
        ("Vulg", ("Ps", 114, 0), [("Ps.116.1", "Ps.116.9")]),
        ("Vulg", ("Ps", 115, 0), [("Ps.116.10", "Ps.116.19")]),
        ("Leningrad", ("Joel", 2, 0), [("Joel.2.1", "Joel.2.27")]),
        ("Leningrad", ("Joel", 3, 0), [("Joel.2.28", "Joel.2.32")]),
        ("Leningrad", ("Joel", 4, 0), [("Joel.3.0", "Joel.3.999")]),
    ],
)
def test_the_introduction_of_a_chapter_is_about_the_same_verses_in_the_hub(
    tmp_path: Path, scheme: str, place: SwordPlace, ranges: list[tuple[str, str]]
) -> None:
    source = read_commentary(write_verses(tmp_path, {place: "Words"}, driver="zCom", scheme=scheme))

    assert ranges == [(osis_of(comment.start), osis_of(comment.end)) for comment in source.entries()]


def test_a_comment_on_verses_of_two_hub_chapters_is_divided(tmp_path: Path) -> None:
    shared: dict[SwordPlace, str] = {("Ps", 9, verse): "Words" for verse in (20, 21, 22, 23)}
    source = read_commentary(write_verses(tmp_path, shared, driver="zCom", scheme="Vulg"))

    assert [("Ps.9.19", "Ps.9.20", ("Words",)), ("Ps.10.1", "Ps.10.2", ("Words",))] == [
        (osis_of(comment.start), osis_of(comment.end), comment.paragraphs) for comment in source.entries()
    ]


def test_a_comment_on_verses_that_the_chapter_lacks_is_kept(tmp_path: Path) -> None:
    text = "<p>Verse 300. Beyond.</p>"

    assert [("Matt.1.300", "Matt.1.300", ("Verse 300. Beyond.",))] == read(module(tmp_path, {("Matt", 1, 1): text}))

"""The USFM markers of one book."""

import pytest

from appliance.scripture.canon import BOOK_BY_OSIS
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.usfm.book import read_book
from appliance.scripture.translations.verse import BreakKind, HeadingKind, SpanKind, Verse

JOHN = r"""\id JHN 43-JHN-sample.usfm A sample
\h John
\toc1 The Good News According to John
\mt1 John
\c 3
\s1 Nicodemus
\p
\v 16 For God so \w loved|lemma="ἀγαπάω" strong="G25"\w* the world, that he gave his only born\f + \fr 3:16 \ft The phrase “only born” is Greek.\f* Son.
\v 17 \wj For God didn’t send\x + \xo 3:17 \xt John 12:47\x* his \+nd Son\+nd*\wj* into \add the\add* world.
\q1 Poetry here,
\q2 and there.
\b
\v 18-19 A bridge.
"""
PSALM = r"""\id PSA
\c 3
\d A Psalm by David.
\q1
\v 1 Yahweh, how my adversaries have increased!
\q2 Many rise up. \qs Selah.\qs*
"""


def verses(text: str, book: str = "John") -> list[Verse]:
    return list(read_book(BOOK_BY_OSIS[book], text, "book.usfm"))


def test_text_words_notes_and_words_of_jesus_are_read() -> None:
    first, second, _bridge = verses(JOHN)

    assert "For God so loved the world, that he gave his only born Son." == first.text
    assert [("loved", ("G25",))] == [(first.text[w.start : w.end], w.strongs) for w in first.markup.words]
    assert [("foot", "The phrase “only born” is Greek.")] == [(note.kind, note.text) for note in first.markup.notes]
    assert "For God didn’t send his Son into the world. Poetry here, and there." == second.text
    assert [("cross-reference", "John 12:47")] == [(note.kind, note.text) for note in second.markup.notes]
    kinds = {second.text[span.start : span.end]: span.kind for span in second.markup.spans}
    assert {"For God didn’t send his Son": SpanKind.JESUS, "Son": SpanKind.DIVINE_NAME, "the": SpanKind.ADDED} == kinds


def test_titles_paragraphs_and_lines_are_read() -> None:
    first, second, _bridge = verses(JOHN)

    assert [(HeadingKind.BOOK, "John"), (HeadingKind.SECTION, "Nicodemus")] == [
        (h.kind, h.text) for h in first.markup.headings
    ]
    assert BreakKind.PARAGRAPH in {break_.kind for break_ in first.markup.breaks}
    assert [(BreakKind.LINE, 1), (BreakKind.LINE, 2)] == [
        (break_.kind, break_.level) for break_ in second.markup.breaks
    ]


def test_the_title_of_a_psalm_and_selah_are_read() -> None:
    (verse,) = verses(PSALM, "Ps")

    assert "Yahweh, how my adversaries have increased! Many rise up. Selah." == verse.text
    assert [(HeadingKind.PSALM, "A Psalm by David.")] == [(h.kind, h.text) for h in verse.markup.headings]
    assert [BreakKind.LINE, BreakKind.LINE, BreakKind.SELAH] == [break_.kind for break_ in verse.markup.breaks]


def test_a_verse_bridge_has_the_number_of_its_first_verse() -> None:
    assert ["John.3.16", "John.3.17", "John.3.18"] == [verse.osis for verse in verses(JOHN)]


def text_of(verse: str) -> str:
    (read_verse,) = verses(f"\\id PSA\n\\c 1\n\\p\n\\v 1 {verse}\n")
    return read_verse.text


@pytest.mark.parametrize(
    ("usfm", "text"),
    [
        ("Blessed\n\\qa Beth\n\\q1 are they", "Blessed are they"),
        (r"\va 2\va* \vp 1b\vp* Text", "Text"),
        (r'A \fig caption|src="a.jpg" size="col"\fig*picture', "A picture"),
        (r'See \jmp here|link-href="x"\jmp* now', "See here now"),
        (r"Written \rq Mt 1:1\rq*down", "Written down"),
        (r'\zaln-s |x-strong="G2424"\*\w Jesus|x-occurrence="1"\w*\zaln-e\* wept', "Jesus wept"),
        (r'\qt-s |who="Pilate"\*What?\qt-e\* \ts\* he said', "What? he said"),
        (r"\tr \tc1 Adam\tc2 Eve", "Adam Eve"),
        ("one~two//three", "one two three"),
        ("before \\esb \\p sidebar \\esbe after", "before after"),
    ],
)
def test_only_the_text_is_kept(usfm: str, text: str) -> None:
    assert text == text_of(usfm)


def test_a_divine_name_inside_a_word_keeps_the_strongs_number() -> None:
    (verse,) = verses('\\id PSA\n\\c 1\n\\v 1 the \\w \\+nd Lord\\+nd*|strong="H3068"\\w* said')

    assert "the Lord said" == verse.text
    assert [("Lord", ("H3068",))] == [(verse.text[w.start : w.end], w.strongs) for w in verse.markup.words]
    assert [SpanKind.DIVINE_NAME] == [span.kind for span in verse.markup.spans]


@pytest.mark.parametrize("usfm", ["\\c 999\n\\v 1 one", "\\c 1\n\\v 99999999999 one"])
def test_a_number_that_is_too_high_is_refused(usfm: str) -> None:
    with pytest.raises(SourceUnreadable, match="This number is too high for any book"):
        verses(f"\\id JUD\n{usfm}\n", "Jude")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("\\id JHN\n\\v 1 Early.", "before the first chapter"), ("\\id JHN\n\\c x\n", "without a number")],
)
def test_an_error_names_the_file(text: str, reason: str) -> None:
    with pytest.raises(SourceUnreadable, match=rf"book\.usfm contains .*{reason}"):
        verses(text)

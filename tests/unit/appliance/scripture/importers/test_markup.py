"""Conversion of OSIS markup to clean text with stand-off annotations."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.importers.fragments import feed_fragment
from appliance.scripture.importers.markup import VerseReader
from appliance.scripture.translations.verse import Break, BreakKind, HeadingKind, Span, SpanKind, Verse

JOHN_3_16 = 43_003_016


def read(*fragments: str) -> list[Verse]:
    reader = VerseReader()
    verses = []
    for number, fragment in enumerate(fragments):
        reader.begin(JOHN_3_16 + number)
        feed_fragment(reader, fragment)
        verses.append(reader.finish())
    return verses


def test_a_note_between_two_words_leaves_a_space() -> None:
    (verse,) = read("his only born<note placement='foot'>A note.</note><w lemma='strong:G5207'>Son</w>, that")

    assert "his only born Son, that" == verse.text
    assert [(13, "A note.")] == [(note.at, note.text) for note in verse.markup.notes]
    assert [("Son", ("G5207",))] == [(verse.text[w.start : w.end], w.strongs) for w in verse.markup.words]


def test_a_note_before_punctuation_leaves_no_space() -> None:
    (verse,) = read(
        'Christ<note placement="foot">Anointed.</note>, the “son<note placement="foot">n</note>”—and<note>x</note> more'
    )

    assert "Christ, the “son”—and more" == verse.text


def test_strongs_numbers_lose_their_leading_zeros_and_keep_their_order() -> None:
    (verse,) = read('<w lemma="strong:G2424 strong:G05547">Jesucristo</w>')

    assert ("G2424", "G5547") == verse.markup.words[0].strongs


def test_an_open_quote_of_jesus_continues_in_the_next_verse() -> None:
    first, second, third = read('he said, <q who="Jesus" marker="">Come', "and see.</q> They came.", "Then.")

    assert [Span(9, 13, SpanKind.JESUS)] == list(first.markup.spans)
    assert [Span(0, 8, SpanKind.JESUS)] == list(second.markup.spans)
    assert () == third.markup.spans


def test_milestones_mark_words_of_jesus() -> None:
    first, second = read('said, <q who="Jesus" sID="q1"/>Peace', 'be still.<q who="Jesus" eID="q1"/> And')

    assert "Peace" == first.text[first.markup.spans[0].start :]
    assert "be still." == second.text[: second.markup.spans[0].end]


def test_poetry_becomes_lines_with_their_level() -> None:
    (verse,) = read(
        '<lg sID="a"/><l level="1" sID="b"/>Yahweh,<l eID="b" level="1"/> <l level="2" sID="c"/>help.<l eID="c"/>'
    )

    assert "Yahweh, help." == verse.text
    assert (Break(0, BreakKind.STANZA), Break(0, BreakKind.LINE, 1), Break(8, BreakKind.LINE, 2)) == verse.markup.breaks


def test_a_paragraph_after_the_last_word_belongs_to_the_next_verse() -> None:
    first, second = read('The end. <div sID="p" type="x-p"/>', "A beginning.")

    assert () == first.markup.breaks
    assert (Break(0, BreakKind.PARAGRAPH),) == second.markup.breaks


def test_titles_are_not_part_of_the_text() -> None:
    (verse,) = read(
        '<title type="psalm" canonical="true">A Psalm by <w lemma="strong:H1732">David</w>.</title> Yahweh, how'
    )

    assert "Yahweh, how" == verse.text
    assert [(HeadingKind.PSALM, "A Psalm by David.")] == [(h.kind, h.text) for h in verse.markup.headings]


def test_a_title_after_the_chapters_end_is_a_colophon() -> None:
    (verse,) = read('Amen. <chapter eID="2Tim.4"/> <title>Written from Rome.</title>')

    assert "Amen." == verse.text
    assert [HeadingKind.COLOPHON] == [heading.kind for heading in verse.markup.headings]


def test_a_section_title_after_the_last_word_belongs_to_the_next_verse() -> None:
    first, second = read("The end. <title>The Beatitudes</title>", "Blessed")

    assert () == first.markup.headings
    assert ["The Beatitudes"] == [heading.text for heading in second.markup.headings]


def test_text_after_a_chapters_end_within_the_verse_is_kept() -> None:
    (verse,) = read('While they talked, <chapter eID="Esth.6"/>the chamberlains came.')

    assert "While they talked, the chamberlains came." == verse.text


def test_a_glossary_after_the_last_verse_is_removed() -> None:
    (verse,) = read(
        'Amen. <div type="book" eID="g1"/><div sID="g2" type="glossary"/><title>Glossary</title> Abba is a word.'
    )

    assert "Amen." == verse.text


def test_usfm_left_by_a_converter_is_removed() -> None:
    (verse,) = read(r"by my name \nd <w lemma='strong:H3068'>JEHOVAH</w></divineName> was I not known")

    assert "by my name JEHOVAH was I not known" == verse.text


def test_added_words_are_separated_from_their_neighbours() -> None:
    added = '<transChange type="added">{}</transChange>'
    verses = read(
        f"<w>Rehum</w>{added.format('y')}<w>Baana</w>.",
        f"<w>Y oyéndo</w>{added.format('lo')}<w>Jesús</w>, se",
        f"<w>gentes</w>{added.format('lo')}<w>oyeron</w>",
    )

    assert ["Rehum y Baana.", "Y oyéndolo Jesús, se", "gentes lo oyeron"] == [verse.text for verse in verses]


def test_the_pilcrow_is_a_paragraph_break_and_not_text() -> None:
    (verse,) = read("<q who='Jesus'>¶ For God so loved</q>")

    assert "For God so loved" == verse.text
    assert (Break(0, BreakKind.PARAGRAPH),) == verse.markup.breaks


MARKUP = st.lists(
    st.sampled_from(
        [
            "<w lemma='strong:G1'>",
            "</w>",
            "<q who='Jesus'>",
            "</q>",
            "<note>",
            "</note>",
            "<title>",
            "</title>",
            "<l sID='1'/>",
            "<l eID='1'/>",
            "word",
            " ",
            ", ",
            "“",
            "”",
            "<div sID='x' type='x-p'/>",
            "<chapter eID='x'/>",
            "&amp;",
            "<",
            ">",
            "¶",
        ]
    ),
    max_size=30,
).map("".join)


@given(st.lists(MARKUP, max_size=4))
def test_annotations_of_any_markup_are_inside_the_text(fragments: list[str]) -> None:
    for verse in read(*fragments):
        length = len(verse.text)
        assert verse.text == " ".join(verse.text.split())
        assert all(0 <= word.start < word.end <= length for word in verse.markup.words)
        assert all(0 <= span.start < span.end <= length for span in verse.markup.spans)
        assert all(0 <= break_.at < length for break_ in verse.markup.breaks)
        assert all(0 <= note.at <= length for note in verse.markup.notes)


def test_quotation_marks_in_the_markup_become_text() -> None:
    (verse,) = read('God said, <q marker="“" sID="a"/>Let there be<q marker="”" eID="a"/> light')

    assert "God said, “Let there be” light" == verse.text


def test_a_quote_is_closed_by_its_own_id() -> None:
    (verse,) = read('<q sID="o"/>He said <q who="Jesus" sID="j"/>Come. <q eID="o"/>Follow me.<q eID="j"/> They')

    assert ["Come. Follow me."] == [verse.text[span.start : span.end] for span in verse.markup.spans]


def test_a_space_between_a_note_and_punctuation_is_removed() -> None:
    verses = read("five coins<note>Worth little.</note> ?", "‘Take up your mat and walk’</q> ?”", "Qui ? dit-il")

    assert ["five coins?", "‘Take up your mat and walk’?”", "Qui ? dit-il"] == [verse.text for verse in verses]


def test_a_heading_inside_a_verse_keeps_its_offset() -> None:
    (verse,) = read("Take me away. <speaker>Friends</speaker> We will be glad.")

    assert [(HeadingKind.SPEAKER, "Friends", 14)] == [(h.kind, h.text, h.at) for h in verse.markup.headings]
    assert "We" == verse.text[14:16]

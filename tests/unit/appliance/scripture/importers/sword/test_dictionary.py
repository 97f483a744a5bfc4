"""SWORD dictionaries, from small modules that the tests write."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.tiny_sword import write_dictionary
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.scripture.dictionaries.kinds import LEXICON, TOPICS
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.sword.dictionary import MAX_DEPTH, read_dictionary, records

GREEK, HEBREW, TOPICAL = "Feature=GreekDef", "Feature=HebrewDef", "Description=Small Topics"
LOVE = """<entryFree n="00025">
<orth>ἀγαπάω</orth>
<orth type="writing">A)GAPA/W</orth>
<orth rend="bold" type="trans">agapáō</orth>
<pron rend="italic">{ag-ap-ah'-o}</pron><lb/>
<def>to  {love}:--(be-)love(-ed).</def>
</entryFree>"""
GENESIS_1_3, GENESIS_1_4, JOHN_8_12 = 1_001_003, 1_001_004, 43_008_012
KEYS = st.text("aZ1ἀ –\r", max_size=9).map(str.strip)
TEXTS = st.text("a<>/&é\n ἀ", max_size=20)


def lexicon(root: Path, entries: Sequence[tuple[str, str]], feature: str = GREEK) -> list[LexiconEntry]:
    source = read_dictionary(write_dictionary(root, entries, lines=[feature]))
    return [entry for entry in source.entries() if isinstance(entry, LexiconEntry)]


def topic(root: Path, markup: str) -> Topic:
    source = read_dictionary(write_dictionary(root, [("LIGHT", markup)], lines=[TOPICAL]))
    (entry,) = source.entries()
    assert isinstance(entry, Topic)
    return entry


def reference(osis: str) -> str:
    return f'<ref osisRef="{osis}">{osis}</ref>'


def test_an_entry_of_strongs_has_its_word_its_sound_and_its_meaning(tmp_path: Path) -> None:
    assert [
        LexiconEntry(
            strongs="G25",
            language="grc",
            lemma="ἀγαπάω",
            transliteration="agapáō",
            pronunciation="ag-ap-ah'-o",
            definition="to love — (be-)love(-ed).",
        )
    ] == lexicon(tmp_path, [("00025", LOVE)])


def test_words_that_a_definition_quotes_stay_in_it(tmp_path: Path) -> None:
    markup = (
        '<orth>ἄ</orth><orth type="trans">a</orth><def>from <orth>ἄγαν</orth> (<orth type="trans">ágan</orth>)</def>'
    )
    (entry,) = lexicon(tmp_path, [("1", markup)])

    assert ("ἄ", "a", "from ἄγαν (ágan)") == (entry.lemma, entry.transliteration, entry.definition)


def test_a_hebrew_dictionary_has_hebrew_numbers(tmp_path: Path) -> None:
    (entry,) = lexicon(tmp_path, [("00001", "<orth>אב</orth><def>father</def>")], HEBREW)

    assert ("H1", "hbo", "אב", "father", "") == (
        entry.strongs,
        entry.language,
        entry.lemma,
        entry.definition,
        entry.pronunciation,
    )


def test_entries_without_a_number_are_left_out(tmp_path: Path) -> None:
    entries = [("PREFACE", "<def>About</def>"), ("00002", "<def>two</def>"), ("999999", "<def>no such number</def>")]

    assert ["G2"] == [entry.strongs for entry in lexicon(tmp_path, entries)]


def test_an_entry_without_usable_markup_is_empty(tmp_path: Path) -> None:
    assert [("G1", "", "")] == [(e.strongs, e.lemma, e.definition) for e in lexicon(tmp_path, [("1", "")])]


def test_each_reference_of_a_topic_has_the_heading_of_its_line(tmp_path: Path) -> None:
    lines = (
        f"<lb/>→ Made by God {reference('Gen.1.3')}, and seen {reference('Gen.1.4')}",
        f"<lb/>2. Of the world, {reference('John.8.12')} and more",
    )

    assert (
        Citation("Made by God", GENESIS_1_3, GENESIS_1_3),
        Citation("Made by God", GENESIS_1_4, GENESIS_1_4),
        Citation("Of the world", JOHN_8_12, JOHN_8_12),
    ) == topic(tmp_path, "".join(lines)).citations


def test_the_heading_of_an_item_contains_the_line_before_its_list(tmp_path: Path) -> None:
    markup = (
        f"<lb/>1. OF DAY<list><item>Its maker {reference('Gen.1.3-Gen.1.4')}<list><item>Alone "
        f"{reference('Gen.1.3')}</item></list></item></list><lb/>After {reference('Gen.1.4')}"
    )

    assert (
        Citation("OF DAY: Its maker", GENESIS_1_3, GENESIS_1_4),
        Citation("OF DAY: Its maker: Alone", GENESIS_1_3, GENESIS_1_3),
        Citation("After", GENESIS_1_4, GENESIS_1_4),
    ) == topic(tmp_path, markup).citations


def test_a_reference_can_contain_several_passages(tmp_path: Path) -> None:
    assert ((GENESIS_1_3, GENESIS_1_3), (43_008_001, 43_008_999)) == tuple(
        (citation.start, citation.end) for citation in topic(tmp_path, reference("Gen.1.3 John.8")).citations
    )


def test_passages_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    read = topic(tmp_path, reference("Gen.99.1 Gen.1.4-Gen.1.3 Light.1.1 Gen.1.3"))

    assert (3, 1) == (read.unresolved, len(read.citations))


def test_links_to_other_topics_are_listed_once(tmp_path: Path) -> None:
    links = '<ref target="Nave:LAMP">LAMP</ref> <ref target="Nave: SUN">SUN</ref> <ref target="Nave:LAMP">LAMP</ref>'
    read = topic(tmp_path, f"<lb/>→ See {links}")

    assert (("LAMP", "SUN"), (), 0) == (read.see_also, read.citations, read.unresolved)


def test_two_topics_can_have_the_same_headword(tmp_path: Path) -> None:
    entries = [("LAMP", reference("Gen.1.3")), ("LAMP", reference("Gen.1.4"))]
    source = read_dictionary(write_dictionary(tmp_path, entries, lines=[TOPICAL]))

    assert [(0, "LAMP"), (1, "LAMP")] == [(t.position, t.headword) for t in source.entries() if isinstance(t, Topic)]


def test_a_dictionary_is_described_by_its_configuration(tmp_path: Path) -> None:
    more = ["Lang=en", "About=By\\par hand.", "DistributionLicense=CC0"]
    topics = read_dictionary(write_dictionary(tmp_path / "topics", [("A", "a")], lines=[TOPICAL, *more]))
    greek = read_dictionary(write_dictionary(tmp_path / "greek", [("1", "a")], lines=[GREEK]))

    assert (TOPICS, "Small", "Small Topics", "en") == (topics.kind, topics.id, topics.name, topics.language)
    assert ("CC0", "By hand.", "SWORD module Small") == (topics.licence, topics.attribution, topics.origin)
    assert (LEXICON, "Small", "Not stated by the module") == (greek.kind, greek.name, greek.licence)


def test_another_kind_of_dictionary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        SourceUnreadable, match="Small is not a topical dictionary and has no Strong's numbers"
    ) as error:
        read_dictionary(write_dictionary(tmp_path, [("A", "a")], lines=["Description=Names"]))

    assert "Nave's Topical Bible" in error.value.remedy


@pytest.mark.parametrize("suffix", ["idx", "dat", "zdx", "zdt"])
def test_the_digest_changes_with_each_file_and_a_missing_file_is_named(tmp_path: Path, suffix: str) -> None:
    configuration = write_dictionary(tmp_path, [("1", "one")], lines=[GREEK])
    file, before = tmp_path / f"data/small.{suffix}", read_dictionary(configuration).digest
    file.write_bytes(file.read_bytes() + b"\0")

    assert before != read_dictionary(configuration).digest
    file.unlink()
    with pytest.raises(SourceUnreadable, match=rf"The file small\.{suffix} of Small is missing"):
        read_dictionary(configuration)


@given(entries=st.lists(st.tuples(KEYS, TEXTS), max_size=6), per_block=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_records_are_read_as_they_were_written(entries: list[tuple[str, str]], per_block: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        assert entries == list(records(write_dictionary(Path(root), entries, per_block=per_block)))


def test_letters_that_are_not_utf_8_are_replaced(tmp_path: Path) -> None:
    configuration = write_dictionary(tmp_path, [("LAMP", "a")])
    data = tmp_path / "data/small.dat"
    data.write_bytes(data.read_bytes().replace(b"LAMP", b"L\xffMP"))

    assert [("L\ufffdMP", "a")] == list(records(configuration))


@pytest.mark.parametrize(
    ("suffix", "cut_bytes", "reason"),
    [
        ("dat", 4, "Small is incomplete"),
        ("zdx", 8, "Small is incomplete"),
        ("zdt", 5, "A block of Small is incomplete"),
    ],
)
def test_an_incomplete_file_is_refused(tmp_path: Path, suffix: str, cut_bytes: int, reason: str) -> None:
    configuration = write_dictionary(tmp_path, [("1", "one"), ("2", "two")])
    file = tmp_path / f"data/small.{suffix}"
    file.write_bytes(file.read_bytes()[:-cut_bytes])

    with pytest.raises(SourceUnreadable, match=reason):
        list(records(configuration))


def test_a_record_of_an_entry_that_its_block_lacks_is_refused(tmp_path: Path) -> None:
    configuration = write_dictionary(tmp_path, [("1", "one"), ("2", "two")])
    data = tmp_path / "data/small.dat"
    data.write_bytes(data.read_bytes()[:-4] + (2).to_bytes(4, "little"))

    with pytest.raises(SourceUnreadable, match="Small refers to a missing entry"):
        list(records(configuration))


@pytest.mark.parametrize(("depth", "is_refused"), [(MAX_DEPTH - 1, False), (MAX_DEPTH, True)])
def test_deeply_nested_elements_are_refused(tmp_path: Path, depth: int, is_refused: bool) -> None:
    entries = [("1", "<hi>" * depth + "deep" + "</hi>" * depth)]
    if is_refused:
        with pytest.raises(SourceUnreadable, match="nested more than 100 levels deep"):
            lexicon(tmp_path, entries)
    else:
        assert ["deep"] == [entry.definition for entry in lexicon(tmp_path, entries)]

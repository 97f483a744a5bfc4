"""SWORD translations, from small modules that the tests write."""

from pathlib import Path

import pytest
from fakes.tiny_sword import SwordPlace, write_verses

from appliance.infrastructure.database import Database
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.importers.known_texts import TEXTUAL_VARIANTS, KnownText
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.sword.blocks import MAX_FRAGMENT_BYTES
from appliance.scripture.importers.sword.text import MAX_TEXT_CHARACTERS, read_translation
from appliance.scripture.operations import import_source
from appliance.scripture.translations import queries
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import Heading, HeadingKind, Span, SpanKind, Verse, Word
from appliance.scripture.versification import UnknownVersification

LAMP = "A lamp burns in the hall."


def written_verses(root: Path, markup: dict[SwordPlace, str], **options: str) -> dict[str, Verse]:
    """The verses with words of a small module, by OSIS id."""
    source = read_translation(write_verses(root, markup, **options))
    return {verse.osis: verse for verse in source.entries() if verse.text}


def test_a_small_module_has_every_verse_of_its_versification(tmp_path: Path) -> None:
    source = read_translation(write_verses(tmp_path, {("Matt", 1, 2): LAMP}))
    verses = list(source.entries())

    # The New Testament of the KJV has 7,957 verses. Verses without words are empty.
    assert (7_957, 1) == (len(verses), sum(bool(verse.text) for verse in verses))
    assert [("Matt.1.1", ""), ("Matt.1.2", LAMP)] == [(verse.osis, verse.text) for verse in verses[:2]]
    assert "Rev.22.21" == verses[-1].osis


def test_importing_again_changes_nothing(library: Database, tmp_path: Path) -> None:
    verses: dict[SwordPlace, str] = {("2John", 1, verse): f"Lamp {verse} burns." for verse in range(1, 14)}
    write_verses(tmp_path / "module", verses)
    changes = []
    for _ in range(2):
        with open_sources(str(tmp_path / "module")) as (source,):
            changes.append(import_source(library, source).changed)

    assert [True, False] == changes
    assert 13 == queries.find_translation(library, "Small").verses


def test_verses_have_the_numbers_of_their_versification(tmp_path: Path) -> None:
    # In the KJV, this is the first verse of the next chapter.
    assert ["Rev.12.18"] == list(written_verses(tmp_path, {("Rev", 12, 18): LAMP}, scheme="NRSV"))


def test_a_module_can_have_only_one_testament(tmp_path: Path) -> None:
    assert ["Mal.4.6"] == list(written_verses(tmp_path / "old", {("Mal", 4, 6): LAMP}))
    assert ["Rev.22.21"] == list(written_verses(tmp_path / "new", {("Rev", 22, 21): LAMP}))


@pytest.mark.parametrize(("driver", "entry"), [("zText", "<IIH"), ("zText4", "<III"), ("zText4", "<IIH")])
def test_drivers_with_large_entries_can_have_small_ones(tmp_path: Path, driver: str, entry: str) -> None:
    assert LAMP == written_verses(tmp_path, {("Mark", 1, 1): LAMP}, driver=driver, entry=entry)["Mark.1.1"].text


def test_markup_becomes_annotations(tmp_path: Path) -> None:
    markup = '<w lemma="strong:G03088">A lamp</w> <transChange type="added">burns</transChange>.'
    verse = written_verses(tmp_path, {("Mark", 1, 1): markup})["Mark.1.1"]

    assert "A lamp burns." == verse.text
    assert (Word(0, 6, ("G3088",)),) == verse.markup.words
    assert (Span(7, 12, SpanKind.ADDED),) == verse.markup.spans


def test_the_title_in_the_introduction_of_a_chapter_belongs_to_its_first_verse(tmp_path: Path) -> None:
    title = '<title type="psalm">A song of lamps.</title>'
    verses = written_verses(tmp_path, {("Mark", 3, 0): title, ("Mark", 3, 1): LAMP, ("Mark", 3, 2): "It is bright."})

    assert (Heading(HeadingKind.PSALM, "A song of lamps."),) == verses["Mark.3.1"].markup.headings
    assert LAMP == verses["Mark.3.1"].text
    assert () == verses["Mark.3.2"].markup.headings


def test_text_outside_the_verses_is_dropped(tmp_path: Path) -> None:
    verses = written_verses(
        tmp_path, {("Mark", 0, 0): "<p>Of the book.</p>", ("Mark", 1, 0): "ONE", ("Mark", 1, 1): LAMP}
    )

    assert {"Mark.1.1": LAMP} == {osis: verse.text for osis, verse in verses.items()}


def test_a_quotation_can_end_in_a_later_verse(tmp_path: Path) -> None:
    markup: dict[SwordPlace, str] = {
        ("Matt", 5, 3): 'He said, <q who="Jesus" marker="">Light it',
        ("Matt", 5, 4): "and watch</q> all night",
    }
    verses = written_verses(tmp_path, markup)

    assert (Span(9, 17, SpanKind.JESUS),) == verses["Matt.5.3"].markup.spans
    assert (Span(0, 9, SpanKind.JESUS),) == verses["Matt.5.4"].markup.spans


def test_a_small_module_is_described_by_its_configuration(tmp_path: Path) -> None:
    lines = [
        "Abbreviation=Lamp (2nd)",
        "Description=The lamp text",
        "Lang=la",
        "DistributionLicense=CC0",
        "About=By hand",
    ]
    source = read_translation(write_verses(tmp_path, {("Mark", 1, 1): LAMP}, scheme="Vulg", lines=lines))

    assert source.kind is TRANSLATION
    assert ("Lamp2nd", "The lamp text", "la", "VULG") == (
        source.id,
        source.name,
        source.language,
        source.versification,
    )
    assert ("CC0", "By hand", "SWORD module Small") == (source.licence, source.attribution, source.origin)
    assert KnownText(absent=TEXTUAL_VARIANTS) == source.known_text


@pytest.mark.parametrize(("line", "item_id"), [("Abbreviation=", "Small"), ("Abbreviation=()", "Small")])
def test_a_module_without_a_usable_abbreviation_has_its_own_name_as_id(tmp_path: Path, line: str, item_id: str) -> None:
    assert item_id == read_translation(write_verses(tmp_path, {}, lines=[line])).id


def test_another_driver_is_refused_with_the_supported_ones(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="Small uses the driver RawText, which is not supported") as error:
        read_translation(write_verses(tmp_path, {}, driver="RawText"))

    assert "zText, zText4, zCom, zCom4, zLD" in error.value.remedy


def test_other_markup_and_an_unknown_versification_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="Small uses the markup GBF"):
        read_translation(write_verses(tmp_path / "gbf", {}, lines=["SourceType=GBF"]))
    configuration = write_verses(tmp_path / "unknown", {})
    file = configuration.root / "mods.d/small.conf"
    file.write_text(file.read_text().replace("Versification=KJV", "Versification=Lamps"))
    with pytest.raises(UnknownVersification, match="'Lamps' is unknown"), open_sources(str(configuration.root)):
        pass


def test_a_module_with_more_text_than_any_translation_is_refused(tmp_path: Path) -> None:
    # Many verses share one place, so a small file has much text.
    comment = "<!--".ljust(MAX_FRAGMENT_BYTES)
    count = MAX_TEXT_CHARACTERS // MAX_FRAGMENT_BYTES
    places: list[SwordPlace] = [("Matt", 26, verse) for verse in range(1, count + 2)]
    source = read_translation(write_verses(tmp_path, dict.fromkeys(places, comment), driver="zText4", entry="<III"))

    with pytest.raises(SourceUnreadable, match="The verses of Small have more than 268,435,456 characters"):
        list(source.entries())

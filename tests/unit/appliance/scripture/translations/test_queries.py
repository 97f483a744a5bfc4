"""Queries for translations, passages and chapters."""

from pathlib import Path

import pytest
from fakes.library_items import ENTRIES, put_item
from fakes.osis_texts import import_osis

from appliance.infrastructure.database import Database
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.library.queries import installed
from appliance.scripture.references import PassageNotFound, find_book, parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.queries import PassageTooLong, TranslationNotFound, Translations
from appliance.scripture.translations.queries import translations as translations_of
from appliance.scripture.translations.translation import Translation

VERSES = {"Ps.23.1": "A verse of a few words."}


@pytest.fixture
def translations(library: Database, tmp_path: Path) -> Translations:
    for identifier in ("First", "Second", "Third"):
        import_osis(library, tmp_path, identifier, VERSES)
    return Translations(library, "Second")


def test_translations_are_listed_in_the_order_of_import(translations: Translations) -> None:
    assert ["First", "Second", "Third"] == [translation.id for translation in translations.all()]


def test_the_default_is_chosen_without_a_name(translations: Translations) -> None:
    assert ("Second", "Third") == (translations.choose().id, translations.choose("third").id)


def test_the_first_translation_replaces_a_missing_default(library: Database, translations: Translations) -> None:
    assert "First" == Translations(library, "Lost").choose().id


def test_a_missing_translation_is_not_found(translations: Translations) -> None:
    with pytest.raises(TranslationNotFound):
        translations.choose("Lost")


def test_an_empty_library_has_no_translation(library: Database) -> None:
    with pytest.raises(TranslationNotFound):
        Translations(library, "Second").choose()


def test_a_translation_has_the_fields_of_its_library_item(library: Database, tmp_path: Path) -> None:
    import_osis(library, tmp_path, "First", VERSES, system="KJV")
    put_item(library, TOPICS, "Nave", ENTRIES[TOPICS])
    (item,) = installed(library, TRANSLATION)
    (translation,) = translations_of(library)

    assert ("First", "First", "en", "KJV", 1) == (
        translation.id,
        translation.name,
        translation.language,
        translation.versification,
        translation.verses,
    )
    assert (item.licence, item.attribution, item.source, item.digest) == (
        translation.licence,
        translation.attribution,
        translation.source,
        translation.digest,
    )


def test_an_unknown_id_suggests_the_most_similar_id(translations: Translations) -> None:
    with pytest.raises(TranslationNotFound) as raised:
        translations.choose("secnd")

    assert "Did you mean Second?" == raised.value.remedy


@pytest.fixture
def psalms(library: Database, tmp_path: Path) -> Database:
    import_osis(
        library,
        tmp_path,
        "First",
        {"Gen.1.1": "In the beginning", "Ps.23.1": "One", "Ps.23.2": "Two", "Ps.51.1": "Have"},
    )
    import_osis(library, tmp_path, "Second", {"Ps.23.1": "Uno", "Ps.24.1": "Otro"})
    return library


def choose(library: Database, *names: str) -> list[Translation]:
    return [queries.find_translation(library, name) for name in names]


def test_a_passage_is_read_in_several_translations_side_by_side(psalms: Database) -> None:
    parallel_verses = queries.passage(psalms, parse_reference("Ps 23"), choose(psalms, "First", "Second"))

    assert [("One", "Uno"), ("Two", None)] == [
        (parallel.verses["First"].text, parallel.verses["Second"].text if "Second" in parallel.verses else None)
        for parallel in parallel_verses
    ]


def test_a_passage_that_no_translation_has_is_not_found(psalms: Database) -> None:
    with pytest.raises(PassageNotFound, match="no Genesis 1:2 in First or Second"):
        queries.passage(psalms, parse_reference("Gen 1:2"), choose(psalms, "First", "Second"))


def test_a_passage_is_limited_to_eight_translations(psalms: Database) -> None:
    with pytest.raises(PassageTooLong, match="at most 8"):
        queries.passage(psalms, parse_reference("Ps 23"), choose(psalms, "First") * 9)


def test_a_chapter_has_its_neighbours_in_other_books(psalms: Database) -> None:
    first = queries.find_translation(psalms, "First")
    chapter = queries.chapter(psalms, first, find_book("Ps"), 23)

    assert (("Gen", 1), ("Ps", 51)) == (chapter.previous, chapter.next)
    assert ["One", "Two"] == [verse.text for verse in chapter.verses]
    assert ("First", 23) == (chapter.translation.id, chapter.chapter)


def test_a_missing_chapter_raises_an_error_with_the_existing_chapters(psalms: Database) -> None:
    first = queries.find_translation(psalms, "First")
    with pytest.raises(PassageNotFound) as raised:
        queries.chapter(psalms, first, find_book("Ps"), 24)
    assert "It has chapters 23 to 51." == raised.value.remedy
    with pytest.raises(PassageNotFound, match="has no chapter 0"):
        queries.chapter(psalms, first, find_book("Ps"), 0)


def test_only_books_and_chapters_of_the_translation_are_listed(psalms: Database) -> None:
    first, second = translations_of(psalms)

    assert ["Gen", "Ps"] == [book.osis for book in queries.books(psalms, first)]
    assert [23, 51] == queries.chapters(psalms, first, find_book("Ps"))
    assert [] == queries.chapters(psalms, second, find_book("Gen"))
    assert [] == queries.chapter_verses(psalms, second, find_book("Ps"), 51)


def test_only_texts_of_existing_verses_are_returned(psalms: Database) -> None:
    second = queries.find_translation(psalms, "Second")

    assert {19_023_001: "Uno"} == queries.texts(psalms, second, [19_023_001, 19_023_002])


def test_several_translations_are_chosen_by_ids_separated_by_commas(translations: Translations) -> None:
    assert ["Third", "First"] == [translation.id for translation in translations.choose_several("third, First,")]
    assert ["Second"] == [translation.id for translation in translations.choose_several(" ,")]

"""The translation to read is the one that is named, else the default."""

from pathlib import Path

import pytest
from fakes.osis_texts import import_osis

from appliance.infrastructure.database import Database
from appliance.scripture.translations.queries import TranslationNotFound, Translations

VERSES = {"Ps.23.1": "A verse of a few words."}


@pytest.fixture
def translations(library: Database, tmp_path: Path) -> Translations:
    for identifier in ("First", "Second", "Third"):
        import_osis(library, tmp_path, identifier, VERSES)
    return Translations(library, "Second")


def test_all_are_listed_in_the_order_of_their_import(translations: Translations) -> None:
    assert ["First", "Second", "Third"] == [each.id for each in translations.all()]


def test_without_a_name_the_default_is_read(translations: Translations) -> None:
    assert ("Second", "Third") == (translations.choose().id, translations.choose("third").id)


def test_a_default_that_is_not_there_is_the_first(library: Database, translations: Translations) -> None:
    assert "First" == Translations(library, "Lost").choose().id


def test_what_is_not_there_is_not_found(translations: Translations) -> None:
    with pytest.raises(TranslationNotFound):
        translations.choose("Lost")


def test_an_empty_library_has_none(library: Database) -> None:
    with pytest.raises(TranslationNotFound):
        Translations(library, "Second").choose()

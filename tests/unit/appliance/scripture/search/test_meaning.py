"""The embedding index as searches use it."""

import threading
from collections.abc import Callable

import pytest
from fakes.hashed_vectors import HashedVectors

from appliance.infrastructure.database import Database
from appliance.scripture.search.index import build_index
from appliance.scripture.search.meaning import MeaningIndex, MeaningUnavailable
from appliance.scripture.translations.queries import Translations

MODEL = HashedVectors().model


class PreparedVectors(HashedVectors):
    """Vectors that count how often the model is prepared."""

    def __init__(self) -> None:
        super().__init__()
        self.prepare_count, self.was_prepared = 0, threading.Event()

    def prepare(self) -> None:
        self.prepare_count += 1
        self.was_prepared.set()


def test_the_index_is_complete_once_every_verse_has_a_vector_of_the_model(hymns: Database) -> None:
    meaning = MeaningIndex(hymns, HashedVectors(), preferred="Hymns")
    assert meaning.is_complete(MODEL)
    assert not meaning.is_complete("another")

    build_index(hymns, HashedVectors("another"), "Hymns")

    assert meaning.is_complete("another")


def test_the_embedder_is_available_once_the_index_is_complete(hymns: Database) -> None:
    vectors = HashedVectors()

    assert vectors is MeaningIndex(hymns, vectors, preferred="Hymns").embedder()


@pytest.mark.parametrize("embedder", [None, HashedVectors("another")])
def test_an_incomplete_index_raises_an_error_with_the_progress(hymns: Database, embedder: HashedVectors | None) -> None:
    with pytest.raises(MeaningUnavailable, match=r"being prepared \(0% done\)"):
        MeaningIndex(hymns, embedder, preferred="Hymns").embedder()


def test_the_model_is_prepared_once_for_several_calls(hymns: Database) -> None:
    vectors = PreparedVectors()
    meaning = MeaningIndex(hymns, vectors, preferred="Hymns")
    for _ in range(3):
        meaning.prepare()

    assert vectors.was_prepared.wait(10)
    assert 1 == vectors.prepare_count


def test_a_translation_in_another_language_has_a_language_notice(
    hymns: Database, import_text: Callable[..., None]
) -> None:
    import_text("Himnos", {"Ps.23.1": "Una frase cualquiera"}, language="es-419")
    import_text("Songs", {"Ps.23.1": "Some words"}, language="en-GB")
    meaning, texts = MeaningIndex(hymns, HashedVectors(), preferred="Hymns"), Translations(hymns, "Hymns")

    assert "uses Hymns only" in (meaning.language_notice(texts.choose("Himnos")) or "")
    assert meaning.language_notice(texts.choose("Songs")) is None
    assert meaning.language_notice(texts.choose("Hymns")) is None

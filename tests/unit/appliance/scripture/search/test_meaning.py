"""The index by meaning as searches use it."""

import threading
from collections.abc import Callable

import pytest
from fakes.hashed_vectors import HashedVectors

from appliance.infrastructure.database import Database
from appliance.scripture.search.index import build_index
from appliance.scripture.search.meaning import MeaningIndex, MeaningUnavailable
from appliance.scripture.translations.queries import Translations

MODEL = HashedVectors().model


class Prepared(HashedVectors):
    """Vectors whose model notes that it was prepared."""

    def __init__(self) -> None:
        super().__init__()
        self.times, self.once = 0, threading.Event()

    def prepare(self) -> None:
        self.times += 1
        self.once.set()


def test_it_is_complete_once_every_verse_has_a_vector_of_the_model(hymns: Database) -> None:
    meaning = MeaningIndex(hymns, HashedVectors(), preferred="Hymns")
    assert meaning.is_complete(MODEL)
    assert not meaning.is_complete("another")

    build_index(hymns, HashedVectors("another"), "Hymns")

    assert meaning.is_complete("another")


def test_the_model_is_given_once_the_index_is_complete(hymns: Database) -> None:
    vectors = HashedVectors()

    assert vectors is MeaningIndex(hymns, vectors, preferred="Hymns").embedder()


@pytest.mark.parametrize("embedder", [None, HashedVectors("another")])
def test_until_then_a_sentence_says_how_far_it_is(hymns: Database, embedder: HashedVectors | None) -> None:
    with pytest.raises(MeaningUnavailable, match=r"being prepared \(0% done\)"):
        MeaningIndex(hymns, embedder, preferred="Hymns").embedder()


def test_the_model_is_prepared_once_for_many_pages(hymns: Database) -> None:
    vectors = Prepared()
    meaning = MeaningIndex(hymns, vectors, preferred="Hymns")
    for _ in range(3):
        meaning.prepare()

    assert vectors.once.wait(10)
    assert 1 == vectors.times


def test_a_reader_of_another_language_is_told_what_is_searched(
    hymns: Database, import_text: Callable[..., None]
) -> None:
    import_text("Himnos", {"Ps.23.1": "Una frase cualquiera"}, language="es-419")
    import_text("Songs", {"Ps.23.1": "Some words"}, language="en-GB")
    meaning, texts = MeaningIndex(hymns, HashedVectors(), preferred="Hymns"), Translations(hymns, "Hymns")

    assert "searched in the Hymns only" in (meaning.language_notice(texts.choose("Himnos")) or "")
    assert meaning.language_notice(texts.choose("Songs")) is None
    assert meaning.language_notice(texts.choose("Hymns")) is None

"""The embedding index: each text is embedded only once, even if its row changes."""

import struct
import zlib
from collections.abc import Mapping, Sequence

import pytest
from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.dictionaries import store as dictionary_store
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.search.index import (
    build_index,
    count_unembedded_headings,
    embed_headings,
    heading_text,
    index_state,
)
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.store import EMBEDDING_DIMENSIONS, VERSE_VECTORS
from appliance.scripture.translations.verse import Verse


class CountingEmbedder:
    """Gives each text a different vector. `embedded` are the received texts. It fails on the text `fails_at`."""

    def __init__(self, model: str = "m", *, fails_at: str = "") -> None:
        self.model, self.embedded, self._fails_at = model, list[str](), fails_at

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        if self._fails_at in texts:
            raise InterruptedError
        self.embedded += texts
        return [vector_of(self.model, text) for text in texts]

    def prepare(self) -> None:
        """Do nothing: there is no model to load."""


def vector_of(model: str, text: str) -> bytes:
    return struct.pack(
        f"<{EMBEDDING_DIMENSIONS}f",
        *(float(sum(model.encode())), float(zlib.crc32(text.encode()) % 2**24)),
        *[0.0] * 382,
    )


def put_translation(library: Database, name: str, texts: Mapping[int, str]) -> None:
    put_item(library, TRANSLATION, name, [Verse(verse_id, text) for verse_id, text in texts.items()])


def put_dictionary(library: Database, headings: Mapping[str, Sequence[str]]) -> None:
    topics = [
        Topic(
            position=number, headword=word, citations=tuple(Citation(heading, 1, 1) for heading in under), see_also=()
        )
        for number, (word, under) in enumerate(headings.items())
    ]
    put_item(library, TOPICS, "Nave", topics)


def assert_complete(library: Database, texts: Mapping[int, str], model: str = "m", preferred: str = "A") -> None:
    """Check that each verse has the vector of its text, and that there are no other vectors."""
    assert {verse_id: vector_of(model, text) for verse_id, text in texts.items()} == dict(
        VERSE_VECTORS.each(library.reader)
    )
    assert index_state(library, preferred, model).complete


def test_equal_verses_are_embedded_once(library: Database) -> None:
    texts = {1: "And the LORD spoke", 2: "Jesus wept", 3: "And the LORD spoke"}
    put_translation(library, "A", texts)
    embedder = CountingEmbedder()

    assert 3 == build_index(library, embedder, "A")
    assert ["Jesus wept", "And the LORD spoke"] == embedder.embedded
    assert_complete(library, texts)


def test_after_a_new_import_only_changed_verses_are_embedded(library: Database) -> None:
    put_translation(library, "A", {1: "one", 2: "two", 3: "three"})
    build_index(library, CountingEmbedder(), "A")
    changed = {1: "one", 2: "another", 4: "three"}
    put_translation(library, "A", changed)
    embedder = CountingEmbedder()

    assert not index_state(library, "A", "m").complete
    assert 1 == build_index(library, embedder, "A")
    assert ["another"] == embedder.embedded
    assert_complete(library, changed)


def test_vectors_are_reused_if_all_verses_move_by_one(library: Database) -> None:
    put_translation(library, "A", {number: f"text {number}" for number in range(1, 50)})
    build_index(library, CountingEmbedder(), "A")
    moved = {number + 1: f"text {number}" for number in range(1, 50)}
    put_translation(library, "A", moved)
    embedder = CountingEmbedder()

    assert 0 == build_index(library, embedder, "A")
    assert [] == embedder.embedded
    assert_complete(library, moved)


def test_another_embedded_translation_reuses_the_vectors_of_equal_texts(library: Database) -> None:
    put_translation(library, "A", {1: "one", 2: "two"})
    put_translation(library, "B", {1: "one", 2: "zwei", 3: "two"})
    build_index(library, CountingEmbedder(), "A")
    embedder = CountingEmbedder()

    assert 1 == build_index(library, embedder, "B")
    assert ["zwei"] == embedder.embedded
    assert_complete(library, {1: "one", 2: "zwei", 3: "two"}, preferred="B")


def test_an_interrupted_index_continues_and_keeps_vectors_that_may_be_needed(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.scripture.search.index.BATCH", 1)
    put_translation(library, "A", {1: "one", 2: "two"})
    build_index(library, CountingEmbedder(), "A")
    put_translation(library, "A", {1: "one", 3: "three", 4: "fourteen"})
    with pytest.raises(InterruptedError):
        build_index(library, CountingEmbedder(fails_at="fourteen"), "A")
    original = {1: "one", 2: "two", 3: "three"}
    put_translation(library, "A", original)
    embedder = CountingEmbedder()

    assert 0 == build_index(library, embedder, "A")
    assert_complete(library, original)


def test_another_model_embeds_everything(library: Database) -> None:
    put_translation(library, "A", {1: "one", 2: "two"})
    build_index(library, CountingEmbedder(), "A")
    embedder = CountingEmbedder("n")

    assert 2 == build_index(library, embedder, "A")
    assert_complete(library, {1: "one", 2: "two"}, "n")


def test_the_space_of_deleted_vectors_is_freed_without_embedding_again(library: Database) -> None:
    put_translation(library, "A", {number: f"text {number}" for number in range(1500)})
    build_index(library, CountingEmbedder(), "A")
    before = _chunks(library)
    remaining = {number: f"text {number}" for number in range(10)}
    put_translation(library, "A", remaining)
    embedder = CountingEmbedder()
    build_index(library, embedder, "A")

    assert [] == embedder.embedded
    assert _chunks(library) < before
    assert_complete(library, remaining)


def test_headings_keep_their_vectors_when_their_dictionary_is_imported_again(library: Database) -> None:
    put_dictionary(library, {"LOVE": ["Of God", "Of man"], "HATE": ["Of evil"]})
    first = CountingEmbedder()
    assert 3 == embed_headings(library, first)
    put_dictionary(library, {"FEAR": ["Of God"], "LOVE": ["Of man", "Of God"]})
    assert 3 == count_unembedded_headings(library, "m")
    second = CountingEmbedder()

    assert 1 == embed_headings(library, second)
    assert ["Fear: Of God"] == second.embedded
    assert 0 == count_unembedded_headings(library, "m")
    assert _vectors_of_headings(library) == _expected(library)
    assert 3 == library.reader.value("SELECT count(*) FROM heading_vectors")


def test_headings_with_the_same_text_are_embedded_once_per_model(library: Database) -> None:
    put_dictionary(library, {"LOVE": ["General scriptures", "Unclassified scriptures relating to"]})
    embedder, other = CountingEmbedder(), CountingEmbedder("n")

    assert (2, ["Love"]) == (embed_headings(library, embedder), embedder.embedded)
    assert (0, ["Love"]) == (embed_headings(library, embedder), embedder.embedded)
    assert (2, ["Love"]) == (embed_headings(library, other), other.embedded)
    assert _vectors_of_headings(library, "n") == _expected(library, "n")
    assert {} == _vectors_of_headings(library)
    assert 1 == library.reader.value("SELECT count(*) FROM heading_vectors")


def _vectors_of_headings(library: Database, model: str = "m") -> dict[int, bytes]:
    return dict(library.reader.rows(dictionary_store.SELECT_HEADING_VECTORS, (model,)))


def _expected(library: Database, model: str = "m") -> dict[int, bytes]:
    rows = library.reader.rows("SELECT id, headword, heading FROM headings")
    return {int(row): vector_of(model, heading_text(headword, heading)) for row, headword, heading in rows}


def _chunks(library: Database) -> int:
    return int(library.reader.value("SELECT count(*) FROM verse_vectors_chunks"))

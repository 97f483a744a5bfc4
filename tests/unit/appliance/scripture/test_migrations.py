"""Migration of libraries of older versions."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fakes.hashed_vectors import HashedVectors
from fakes.small_topics import write_small_topics

from appliance.infrastructure.arrays import map_arrays
from appliance.infrastructure.database import Database
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings
from appliance.scripture.commentaries import queries as commentaries
from appliance.scripture.derived import DerivedData
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.dictionaries import store
from appliance.scripture.entities import queries as entities
from appliance.scripture.graph.freshness import sources_of
from appliance.scripture.library.queries import installed
from appliance.scripture.migrations import (
    m001_library,
    m002_links,
    m003_comments,
    m004_headings,
    m005_entities,
    m006_comments,
    m007_headings,
    m009_library_items,
)
from appliance.scripture.operations import remove
from appliance.scripture.references import parse_reference
from appliance.scripture.search.index import count_unembedded_headings, embed_headings
from appliance.scripture.search.ranking.compiled import read_index
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.ranking.learned import load_topics
from appliance.scripture.suggestions import CompiledSuggestions
from appliance.scripture.translations import queries as translations
from appliance.scripture.translations.stored_markup import encode_markup
from appliance.scripture.translations.verse import Markup
from server.bootstrap import LIBRARY_MIGRATIONS, Appliance

BEFORE_HEADINGS_WERE_A_TABLE, BEFORE_HEADINGS_HAD_DIGESTS, BEFORE_ITEMS_WERE_A_TABLE = 6, 7, 8

# A library with every kind of item, from before all items were rows of one table.
ITEMS = """
INSERT INTO translations VALUES ('Zeta', 'Zeta text', 'en', 'KJV', 'CC0', 'Z.', 'a file', 'dz', 1);
INSERT INTO translations VALUES ('Alfa', 'Alfa text', 'es', 'NRSVA', 'CC0', 'A.', 'a file', 'da', 1);
INSERT INTO dictionaries VALUES ('Words', 'lexicon', 'Words', 'CC0', 'W.', 'dw', 1);
INSERT INTO dictionaries VALUES ('Nave', 'topics', 'Nave', 'CC0', 'N.', 'dn', 1);
INSERT INTO datasets VALUES ('Votes', 'topic votes', 'Votes', 'CC0', 'V.', 'dv', 1);
INSERT INTO datasets VALUES ('Links', 'cross references', 'Links', 'CC0', 'L.', 'dl', 1);
INSERT INTO datasets VALUES ('Notes', 'comments', 'Notes', 'CC0', 'N.', 'do', 1);
INSERT INTO datasets VALUES ('Names', 'people, places and events', 'Names', 'CC0', 'N.', 'de', 1);
INSERT INTO lexicon VALUES ('G25', 'Words', 'grc', 'ἀγαπάω', 'agapao', '', 'love');
INSERT INTO topics VALUES (7, 'Nave', 1, 'LIGHT', 1);
INSERT INTO topic_citations VALUES (7, 'Created', 1001003, 1001003);
INSERT INTO headings VALUES (30, 7, 'LIGHT', 'Created');
INSERT INTO topic_votes VALUES ('Votes', 'light', 1001003, 1001003, 5);
INSERT INTO cross_references VALUES ('Links', 1001003, 43001005, 43001005, 3);
INSERT INTO comments VALUES (1, 'Notes', 1001003, 1001003, 'Before the sun.');
INSERT INTO entities VALUES ('adam_1', 'Names', 'person', 'Adam', '', '', NULL, NULL, NULL, '', 1);
INSERT INTO entity_mentions VALUES ('adam_1', 1001003)
"""
VERSE = "INSERT INTO verses VALUES (:id, :translation, 1001003, :text, :markup, 0)"
INDEX_VERSES = "INSERT INTO verses_fts (rowid, text, translation) SELECT id, text, translation FROM verses"
ORDER = [
    ("Zeta", "dz"),
    ("Alfa", "da"),
    ("Nave", "dn"),
    ("Words", "dw"),
    ("Links", "dl"),
    ("Names", "de"),
    ("Notes", "do"),
    ("Votes", "dv"),
]


def old_library(path: Path, *scripts: str) -> None:
    """Write a library of the version before all items were in one table."""
    old = Database(path, LIBRARY_MIGRATIONS[:BEFORE_ITEMS_WERE_A_TABLE])
    old.migrate()
    with old.write() as work:
        for script in (ITEMS, *scripts):
            work.execute_script(script)
        for number, (name, text) in enumerate([("Zeta", "Let there be light"), ("Alfa", "Sea la luz")], start=1):
            markup = encode_markup(Markup())
            work.execute(VERSE, {"id": number, "translation": name, "text": text, "markup": markup})
        work.execute(INDEX_VERSES)
    old.close()


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Database]:
    old_library(tmp_path / "library.db")
    library = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    library.migrate()
    yield library
    library.close()


def test_all_items_are_moved_into_one_table(migrated: Database) -> None:
    items = {item.id: item for item in installed(migrated)}

    assert ORDER == [(item.id, item.digest) for item in items.values()]
    assert ("translation", "Zeta text", "en", "KJV", "CC0", "Z.", "a file", 1) == (
        items["Zeta"].kind,
        items["Zeta"].name,
        items["Zeta"].language,
        items["Zeta"].versification,
        items["Zeta"].licence,
        items["Zeta"].attribution,
        items["Zeta"].source,
        items["Zeta"].entries,
    )
    assert ("people, places and events", "", "", "") == (
        items["Names"].kind,
        items["Names"].language,
        items["Names"].versification,
        items["Names"].source,
    )


def test_all_items_keep_their_entries(migrated: Database) -> None:
    light = parse_reference("Gen 1:3")
    (comment,) = commentaries.comments(migrated, light).items

    assert {1_001_003: "Sea la luz"} == translations.texts(
        migrated, translations.find_translation(migrated, "Alfa"), [1_001_003]
    )
    assert [("Let there be light",)] == migrated.reader.rows(
        "SELECT text FROM verses_fts WHERE verses_fts MATCH 'light'"
    )
    assert "ἀγαπάω" == dictionaries.lexicon_entry(migrated, "G25").lemma
    assert ["LIGHT"] == [citation.topic for citation in dictionaries.citing_topics(migrated, light).items]
    assert ("Notes", ("Before the sun.",)) == (comment.name, comment.paragraphs)
    assert ["Adam"] == [entity.name for entity in entities.entities_in(migrated, light).items]


def test_entities_keep_their_aliases_and_participants(tmp_path: Path) -> None:
    old_library(
        tmp_path / "library.db",
        "INSERT INTO entities VALUES ('fall_1', 'Names', 'event', 'The Fall', 'First sin', '', NULL, NULL, NULL, 'adam_1', 0)",
    )
    library = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    library.migrate()
    page = entities.entity(library, "fall_1")
    library.close()

    assert (("First sin",), ["Adam"]) == (page.head.aliases, [person.name for person in page.participants])


def test_foreign_keys_refer_to_the_new_table(migrated: Database) -> None:
    assert [] == migrated.reader.rows("PRAGMA foreign_key_check")
    for item_id, _ in ORDER:
        remove(migrated, item_id)

    assert [] == installed(migrated)


def test_an_item_with_the_id_of_another_kind_is_renamed(tmp_path: Path) -> None:
    more = """
    INSERT INTO dictionaries VALUES ('Alfa', 'topics', 'Alfa topics', '', '', '', 1);
    INSERT INTO topics VALUES (8, 'Alfa', 1, 'SEA', 1);
    INSERT INTO topic_citations VALUES (8, 'Deep', 1001003, 1001003);
    INSERT INTO datasets VALUES ('Nave', 'comments', 'Comments of Nave', '', '', '', 1);
    INSERT INTO comments VALUES (2, 'Nave', 1001003, 1001003, 'A comment.')
    """
    old_library(tmp_path / "library.db", more)
    library = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    library.migrate()
    light = parse_reference("Gen 1:3")

    assert {"Alfa", "Alfa (topics)", "Nave", "Nave (comments)"} <= {item.id for item in installed(library)}
    assert ["Comments of Nave", "Notes"] == [comment.name for comment in commentaries.comments(library, light).items]
    assert "Alfa (topics)" == dictionaries.topic(library, 8).head.dictionary
    remove(library, "Nave (comments)")
    remove(library, "Alfa (topics)")
    assert ORDER == [(item.id, item.digest) for item in installed(library)]
    library.close()


def test_data_built_from_an_old_library_is_not_outdated(tmp_path: Path) -> None:
    """Compare the built data with the sources that the version before the migration would have stored."""
    folder = DataFolder(tmp_path / "home").create()
    old_library(folder.library_db)
    vectors = HashedVectors()
    settings = Settings(embedded_translation="Zeta", embedding_model=vectors.model)
    appliance = Appliance(folder, settings, embedder=vectors)
    appliance.index_files = IndexFiles(compiled=folder.search_index, topics=write_small_topics(tmp_path / "topics.npz"))
    derived = DerivedData(
        appliance.library, folder, settings, index_files=appliance.index_files, can_embed=lambda: True
    )
    while outdated := derived.outdated():
        for kind in outdated:
            appliance.dispatcher.run_in_process(appliance.dispatcher.create(kind))
    index = read_index(folder.search_index)
    suggestions = map_arrays(folder.suggestions, CompiledSuggestions)

    assert "Zeta dz\nAlfa da\nNave dn\nWords dw\nLinks dl\nNames de\nNotes do\nVotes dv" == sources_of(
        appliance.library
    )
    assert folder.graph.with_name(f"{folder.graph.name}.sources").read_text() == sources_of(appliance.library)
    assert tuple(ORDER) == index.state.sources
    assert tuple(ORDER[2:]) == suggestions.sources
    assert load_topics(folder.topic_memory).source.startswith(f"{vectors.model} of Votes dv; ")
    appliance.close()


def test_headings_keep_their_numbers(tmp_path: Path) -> None:
    old = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS[:BEFORE_HEADINGS_WERE_A_TABLE])
    old.migrate()
    with old.write() as work:
        work.execute("INSERT INTO dictionaries VALUES ('Nave', 'topics', 'Nave', '', '', '', 2)")
        work.execute("INSERT INTO topics VALUES (7, 'Nave', 1, 'LIGHT', 2)")
        work.execute("INSERT INTO headings_fts (rowid, headword, heading, topic) VALUES (30, 'LIGHT', 'Created', 7)")
        work.execute("INSERT INTO headings_fts (rowid, headword, heading, topic) VALUES (31, 'LOST', 'No topic', 8)")
    old.close()

    new = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    new.migrate()

    assert [(30, 7, "LIGHT", "Created")] == new.reader.rows("SELECT id, topic, headword, heading FROM headings")
    new.close()


def test_headings_keep_their_vectors_when_vectors_are_keyed_by_digest(tmp_path: Path) -> None:
    old = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS[:BEFORE_HEADINGS_HAD_DIGESTS])
    old.migrate()
    with old.write() as work:
        work.execute("INSERT INTO dictionaries VALUES ('Nave', 'topics', 'Nave', '', '', '', 2)")
        work.execute("INSERT INTO topics VALUES (7, 'Nave', 1, 'LIGHT', 2)")
        for row, heading, vector in ((30, "Created", b"1"), (31, "General scriptures", b"2"), (32, "Of God", None)):
            work.execute("INSERT INTO headings VALUES (?, 7, 'LIGHT', ?)", (row, heading))
            if vector:
                work.execute("INSERT INTO heading_vectors VALUES (?, 'm', ?)", (row, vector))
    old.close()

    new = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    new.migrate()
    embedder = EmbedderOfOnes()

    assert [(30, b"1"), (31, b"2")] == sorted(new.reader.rows(store.SELECT_HEADING_VECTORS, ("m",)))
    assert 1 == count_unembedded_headings(new, "m")
    assert 1 == embed_headings(new, embedder)
    assert ["Light: Of God"] == embedder.embedded
    new.close()


class EmbedderOfOnes:
    """An embedder that returns the same vector for every text. `embedded` contains the texts."""

    model = "m"

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.embedded += texts
        return [b"1"] * len(texts)

    def prepare(self) -> None:
        """Do nothing: there is no model to load."""


TABLES = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY name"


def tables(database: Database) -> set[str]:
    return {name for (name,) in database.reader.rows(TABLES)}


def test_the_first_library_has_translations_and_dictionaries(tmp_path: Path) -> None:
    database = Database(tmp_path / "library.db", (m001_library,))
    database.migrate()

    assert {"translations", "verses", "verses_fts", "dictionaries", "lexicon", "topics"} <= tables(database)
    assert not {"datasets", "comments", "entities", "headings"} & tables(database)
    database.close()


def test_a_library_of_any_version_becomes_the_current_one(tmp_path: Path) -> None:
    new = Database(tmp_path / "new.db", LIBRARY_MIGRATIONS)
    new.migrate()
    for version in range(1, len(LIBRARY_MIGRATIONS)):
        path = tmp_path / f"{version}.db"
        old = Database(path, LIBRARY_MIGRATIONS[:version])
        old.migrate()
        old.close()
        migrated = Database(path, LIBRARY_MIGRATIONS)
        migrated.migrate()

        assert tables(new) == tables(migrated)
        migrated.close()
    assert not {"translations", "dictionaries", "datasets", "comments_fts", "headings_fts"} & tables(new)
    new.close()


def test_the_headings_of_older_topics_are_indexed_once(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    old = Database(path, (m001_library, m002_links, m003_comments))
    old.migrate()
    with old.write() as work:
        work.execute_script("""
        INSERT INTO dictionaries VALUES ('Nave', 'topics', 'Nave', '', '', '', 1);
        INSERT INTO topics VALUES (7, 'Nave', 1, 'LIGHT', 3);
        INSERT INTO topic_citations VALUES (7, 'Created', 1001003, 1001003);
        INSERT INTO topic_citations VALUES (7, 'Created', 1001004, 1001004);
        INSERT INTO topic_citations VALUES (7, '', 1001005, 1001005)
        """)
    old.close()
    with_headings = Database(path, (m001_library, m002_links, m003_comments, m004_headings))
    with_headings.migrate()

    assert [("LIGHT", "", 7), ("LIGHT", "Created", 7)] == sorted(
        with_headings.reader.rows("SELECT headword, heading, topic FROM headings_fts")
    )
    assert [("Created",)] == with_headings.reader.rows(
        "SELECT heading FROM headings_fts WHERE headings_fts MATCH 'creates'"
    )
    with_headings.close()


def test_comments_stay_when_the_index_of_their_words_is_dropped(tmp_path: Path) -> None:
    before = (m001_library, m002_links, m003_comments, m004_headings, m005_entities)
    old = Database(tmp_path / "library.db", before)
    old.migrate()
    with old.write() as work:
        work.execute_script("""
        INSERT INTO datasets VALUES ('Notes', 'comments', 'Notes', '', '', '', 1);
        INSERT INTO comments VALUES (5, 'Notes', 1001003, 1001003, 'Before the sun.');
        INSERT INTO comments_fts (rowid, text) VALUES (5, 'Before the sun.')
        """)
    old.close()
    new = Database(tmp_path / "library.db", (*before, m006_comments, m007_headings))
    new.migrate()

    assert [(5, "Before the sun.")] == new.reader.rows("SELECT id, text FROM comments")
    assert "comments_fts" not in tables(new)
    new.close()


def test_items_of_three_kinds_can_have_had_the_same_id(tmp_path: Path) -> None:
    more = """
    INSERT INTO dictionaries VALUES ('Alfa', 'lexicon', 'Alfa words', '', '', '', 1);
    INSERT INTO lexicon VALUES ('G26', 'Alfa', 'grc', 'ἀγάπη', 'agape', '', 'love');
    INSERT INTO datasets VALUES ('Alfa', 'comments', 'Alfa notes', '', '', '', 1);
    INSERT INTO comments VALUES (2, 'Alfa', 1001003, 1001003, 'A comment.')
    """
    old_library(tmp_path / "library.db", more)
    library = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    library.migrate()

    assert {"Alfa": "Alfa text", "Alfa (lexicon)": "Alfa words", "Alfa (comments)": "Alfa notes"} == {
        item.id: item.name for item in installed(library) if item.id.startswith("Alfa")
    }
    remove(library, "Alfa (lexicon)")
    assert [("G25",)] == library.reader.rows("SELECT strongs FROM lexicon")
    assert 2 == len(commentaries.comments(library, parse_reference("Gen 1:3")).items)
    library.close()


def test_a_migration_that_fails_leaves_the_old_library(tmp_path: Path) -> None:
    """A table with the name of the new one makes the migration fail after it renamed an item."""
    path = tmp_path / "library.db"
    more = """
    INSERT INTO dictionaries VALUES ('Alfa', 'topics', 'Alfa topics', '', '', '', 1);
    CREATE TABLE library_items (id TEXT)
    """
    old_library(path, more)
    library = Database(path, LIBRARY_MIGRATIONS)
    with pytest.raises(Exception, match="library_items"):
        library.migrate()

    assert m009_library_items.__name__ not in {name for (name,) in library.reader.rows("SELECT name FROM migrations")}
    assert [("Alfa",), ("Nave",), ("Words",)] == library.reader.rows("SELECT id FROM dictionaries ORDER BY id")
    library.close()

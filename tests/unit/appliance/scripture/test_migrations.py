"""Libraries of older versions."""

from collections.abc import Sequence
from pathlib import Path

from appliance.infrastructure.database import Database
from appliance.scripture.dictionaries import store
from appliance.scripture.search.index import bare_headings, embed_headings
from server.bootstrap import LIBRARY_MIGRATIONS

BEFORE_HEADINGS_WERE_A_TABLE, BEFORE_HEADINGS_HAD_DIGESTS = 6, 7


def test_headings_keep_their_numbers_and_so_their_vectors(tmp_path: Path) -> None:
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


def test_headings_keep_their_vectors_when_these_come_to_belong_to_texts(tmp_path: Path) -> None:
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
    assert 1 == bare_headings(new, "m")
    assert 1 == embed_headings(new, embedder)
    assert ["Light: Of God"] == embedder.embedded
    new.close()


class EmbedderOfOnes:
    """`embedded` are the texts that it was given."""

    model = "m"

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.embedded += texts
        return [b"1"] * len(texts)

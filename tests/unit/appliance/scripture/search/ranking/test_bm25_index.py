"""BM25 in memory gives the same scores as FTS5."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from appliance.infrastructure.database import TOKENIZE, Database, UnitOfWork
from appliance.scripture.search.ranking.bm25_index import bm25_index

WORDS = ["light", "Lights", "darkness", "day", "Día", "called", "calling", "God", "the", "earth"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
TITLE_WEIGHT = 3.0


def m001_verses(work: UnitOfWork) -> None:
    work.execute(f"CREATE VIRTUAL TABLE rows USING fts5 (title, body, tokenize = '{TOKENIZE}')")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = Database(Path(tmp_path_factory.mktemp("words")) / "words.db", [m001_verses])
    database.migrate()
    return database


@example(rows=[("", ""), ("", "light")], query=["light"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=30),
    query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
)
def test_scores_are_those_of_fts5(database: Database, rows: list[tuple[str, str]], query: list[str]) -> None:
    with database.write() as work:
        work.execute("DELETE FROM rows")
        work.execute_many(
            "INSERT INTO rows (rowid, title, body) VALUES (?, ?, ?)", [(n, *row) for n, row in enumerate(rows)]
        )
    reader = database.reader
    expression = " OR ".join(f'"{word}"' for word in query)
    expected = np.zeros(len(rows))
    for row, rank in reader.rows("SELECT rowid, bm25(rows, ?, 1.0) FROM rows (?)", (TITLE_WEIGHT, expression)):
        expected[row] = -rank
    columns = [
        column
        for row, (title, body) in enumerate(rows)
        for column in ((row, reader.tokens(title), TITLE_WEIGHT), (row, reader.tokens(body), 1.0))
    ]

    scores = bm25_index(len(rows), columns).scores([token for word in query for token in reader.tokens(word)])

    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-9)


def test_empty_rows_and_unknown_words_score_zero() -> None:
    index = bm25_index(3, [(1, ["light"], 1.0)])

    assert [False, True, False] == (index.scores(["light", "salt"]) > 0).tolist()
    assert [0, 0, 0] == index.scores(["salt"]).tolist() == bm25_index(3, []).scores(["salt"]).tolist()

"""The ranking is read once. A search that needs it waits until it is read."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.search.ranking.current import Rankings
from appliance.scripture.search.ranking.ranking import Ranking

MODEL = "model"
RANKING = cast("Ranking", object())


class SlowRankings(Rankings):
    """Rankings whose reading ends when the test allows it, with an error where one is given."""

    def __init__(self, library: Database, failure: Exception | None = None) -> None:
        super().__init__(library, embedded="WEB", topics=None)
        self.begun, self.told_to_end = threading.Event(), threading.Event()
        self.readings = 0
        self._failure = failure

    def _read(self, _library: object) -> Ranking | None:
        self.readings += 1
        self.begun.set()
        assert self.told_to_end.wait(20)
        if self._failure:
            raise self._failure
        return RANKING


def test_a_search_while_the_first_ranking_is_read_waits_for_it(library: Database) -> None:
    rankings = SlowRankings(library)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(rankings.current, MODEL)
        assert rankings.begun.wait(20)
        second = threads.submit(rankings.current, MODEL)
        rankings.prepare(MODEL)
        assert not second.done()
        rankings.told_to_end.set()

        assert [RANKING, RANKING] == [first.result(), second.result()]
    assert 1 == rankings.readings


def test_a_ranking_that_cannot_be_read_is_tried_once_for_a_library(library: Database) -> None:
    rankings = SlowRankings(library, OSError("unreadable"))
    rankings.told_to_end.set()
    with pytest.raises(OSError, match="unreadable"):
        rankings.current(MODEL)

    assert rankings.current(MODEL) is None
    assert 1 == rankings.readings

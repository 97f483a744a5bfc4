"""The queries whose features are printed."""

from pathlib import Path

import pytest

from appliance.infrastructure.opening import FileRefused
from appliance.scripture.search.modes.keyword import QueryRefused
from server.cli.ranking import read_queries


def test_queries_are_read_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "queries"
    file.write_text("\ufeffforgiveness\r\n\n  lamp to my feet \nperdón\n", encoding="utf-8")

    assert ["forgiveness", "lamp to my feet", "perdón"] == read_queries(file)


@pytest.mark.parametrize(("content", "says"), [(b" \n\n", "has no queries"), (b"\xff\xfe", "is not UTF-8")])
def test_a_file_without_queries_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "queries"
    file.write_bytes(content)

    with pytest.raises(QueryRefused, match=says):
        read_queries(file)


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        read_queries(tmp_path / "queries")

"""Reading the file of queries for `ranking features`."""

from pathlib import Path

import pytest

from appliance.infrastructure.opening import FileRefused
from appliance.scripture.search.modes.keyword import QueryRefused
from server.cli.ranking import read_queries


def test_a_file_has_one_query_per_line(tmp_path: Path) -> None:
    file = tmp_path / "queries"
    file.write_text("\ufeffforgiveness\r\n\n  lamp to my feet \nperdón\n", encoding="utf-8")

    assert ["forgiveness", "lamp to my feet", "perdón"] == read_queries(file)


@pytest.mark.parametrize(("content", "message"), [(b" \n\n", "has no queries"), (b"\xff\xfe", "is not UTF-8")])
def test_a_file_without_queries_is_rejected(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "queries"
    file.write_bytes(content)

    with pytest.raises(QueryRefused, match=message):
        read_queries(file)


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        read_queries(tmp_path / "queries")

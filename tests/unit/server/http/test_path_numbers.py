"""Numbers in URL paths."""

import pytest

from server.http.path_numbers import ChapterInvalid, chapter_number


def test_a_chapter_is_a_whole_number() -> None:
    assert [3, 119] == [chapter_number(text) for text in ("3", "0119")]


@pytest.mark.parametrize("text", ["", "three", "3a", "-1", "1.5", "٣", "9" * 101])
def test_anything_else_is_refused_with_a_message(text: str) -> None:
    with pytest.raises(ChapterInvalid, match="is not a number"):
        chapter_number(text)

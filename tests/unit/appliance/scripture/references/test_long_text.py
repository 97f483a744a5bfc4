"""References of long texts, found in a separate process."""

from appliance.scripture.references import find_references
from appliance.scripture.references.long_text import SHORT_CHARACTERS, find_page, is_long

LONG = "As it is written in John 3:16 and Génesis 1:1. " * 400


def test_a_separate_process_finds_the_same_references() -> None:
    assert is_long(LONG)
    assert find_page(LONG, ("es", "en")).items == find_references(LONG, ("es", "en"))


def test_each_page_continues_after_the_previous_page() -> None:
    short = LONG[: SHORT_CHARACTERS // 2]
    for text in (LONG, short):
        first = find_page(text, limit=30)
        second = find_page(text, after=30, limit=30)

        assert first.next_after == 30
        assert [*first.items, *second.items] == find_references(text)[:60]
        assert find_page(text, after=10**9).items == []

"""References of long texts, found in a separate process."""

from appliance.scripture.references import find_references
from appliance.scripture.references.long_text import find_page, is_long

LONG = "As it is written in John 3:16 and Génesis 1:1. " * 400


def test_a_separate_process_finds_the_same_references() -> None:
    assert is_long(LONG)
    assert find_page(LONG, ("es", "en")).items == find_references(LONG, ("es", "en"))


def test_each_page_of_a_long_text_continues_after_the_previous_page() -> None:
    first = find_page(LONG, limit=30)
    second = find_page(LONG, after=30, limit=30)

    assert first.next_after == 30
    assert [*first.items, *second.items] == find_references(LONG)[:60]
    assert find_page(LONG, after=10**9).items == []

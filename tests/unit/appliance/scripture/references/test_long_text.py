"""Pages of the references of a text. `tests/integration/test_long_text.py` has texts that need a separate process."""

from appliance.scripture.references import find_references
from appliance.scripture.references.long_text import SHORT_CHARACTERS, find_page, is_long

SHORT = "As it is written in John 3:16 and Génesis 1:1. " * 80


def test_a_text_is_long_above_the_limit() -> None:
    assert not is_long("")
    assert not is_long("a" * SHORT_CHARACTERS)
    assert is_long("a" * (SHORT_CHARACTERS + 1))


def test_a_page_without_a_limit_has_all_references_of_a_short_text() -> None:
    page = find_page(SHORT, ("es", "en"))

    assert find_references(SHORT, ("es", "en")) == page.items
    assert page.next_after is None


def test_each_page_continues_after_the_previous_page() -> None:
    first = find_page(SHORT, limit=30)
    second = find_page(SHORT, after=30, limit=30)

    assert first.next_after == 30
    assert [*first.items, *second.items] == find_references(SHORT)[:60]
    assert find_page(SHORT, after=10**9).items == []

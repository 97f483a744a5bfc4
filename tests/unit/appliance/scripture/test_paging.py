"""Pages of long lists."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.paging import MAX_CHARACTERS, page_of


@given(st.lists(st.integers()), st.integers(1, 20))
def test_all_pages_together_contain_the_whole_list(entries: list[int], limit: int) -> None:
    read, after = list[int](), 0
    while True:
        page = page_of(entries[after : after + limit + 1], after, limit)
        assert len(page.items) <= limit
        read += page.items
        if page.next_after is None:
            break
        after = page.next_after

    assert read == entries


def test_pages_of_long_entries_are_short_but_never_empty() -> None:
    texts = ["a" * MAX_CHARACTERS, "b", "c" * (MAX_CHARACTERS * 2), "d"]

    def page(after: int) -> tuple[list[str], int | None]:
        items, next_after = page_of(texts[after:], after, 10, characters=len)
        return [text[0] for text in items], next_after

    assert page(0) == (["a"], 1)
    assert page(1) == (["b"], 2)
    assert page(2) == (["c"], 3)
    assert page(3) == (["d"], None)

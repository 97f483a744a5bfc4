"""Pages of lists that are too long for one response. A page starts after a given number of entries of the whole list."""

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")

# The largest amount of text on one page. An entry with more text is a page by itself.
MAX_CHARACTERS = 131_072
# No list has this many entries. A page after this number is empty.
MAX_AFTER = 10**9


class Page(NamedTuple, Generic[Item]):
    """Entries in order. The next page starts after `next_after` entries. On the last page, `next_after` is None."""

    items: list[Item]
    next_after: int | None


def page_of(
    entries: Iterable[Item], after: int, limit: int, *, characters: Callable[[Item], int] = lambda _entry: 0
) -> Page[Item]:
    """Return a page of at most `limit` entries, or fewer if their text is long.

    `entries` must start after the first `after` entries of the whole list. If another page follows, `entries` must have one
    entry more than `limit`.
    """
    items: list[Item] = []
    size = 0
    for entry in entries:
        size += characters(entry)
        if len(items) == limit or (items and size > MAX_CHARACTERS):
            return Page(items, after + len(items))
        items.append(entry)
    return Page(items, None)

"""Pages of lists that are too long for one response. A page begins after a number of entries of the whole list."""

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")

# The text of one page. A longer entry is a page by itself.
MAX_CHARACTERS = 131_072
# More entries than any list has. A page after this number is empty.
MAX_AFTER = 10**9


class Page(NamedTuple, Generic[Item]):
    """Entries in order. The next page begins after `next_after` entries; the last page has None."""

    items: list[Item]
    next_after: int | None


def page_of(
    entries: Iterable[Item], after: int, limit: int, *, characters: Callable[[Item], int] = lambda _entry: 0
) -> Page[Item]:
    """Return a page of at most `limit` entries, or fewer if their text is long.

    `entries` must begin after the first `after` entries of the whole list, and must have one entry more than `limit` if
    another page follows.
    """
    items: list[Item] = []
    size = 0
    for entry in entries:
        size += characters(entry)
        if len(items) == limit or (items and size > MAX_CHARACTERS):
            return Page(items, after + len(items))
        items.append(entry)
    return Page(items, None)

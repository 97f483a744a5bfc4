"""Lists that are too long for one answer, a page at a time. A page begins after so many entries of the whole list."""

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")

# Of text in one page; an entry that is longer by itself makes a page alone.
MAX_CHARACTERS = 131_072
# More than any list here has; a page after that is empty.
MAX_AFTER = 10**9


class Page(NamedTuple, Generic[Item]):
    """Entries in order; `next_after` is where the next page begins, or None after the last."""

    items: list[Item]
    next_after: int | None


def page_of(
    entries: Iterable[Item], after: int, limit: int, *, characters: Callable[[Item], int] = lambda _entry: 0
) -> Page[Item]:
    """The first `limit` of the entries after `after`, or fewer where their text is long.

    `entries` begins with the entry that follows the first `after` ones; it needs one entry more than `limit`.
    """
    items: list[Item] = []
    size = 0
    for entry in entries:
        size += characters(entry)
        if len(items) == limit or (items and size > MAX_CHARACTERS):
            return Page(items, after + len(items))
        items.append(entry)
    return Page(items, None)

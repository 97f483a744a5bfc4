"""What is installed in the library."""

import msgspec


class LibraryItem(msgspec.Struct, frozen=True, kw_only=True):
    """A translation, a dictionary, a commentary or a data set, with its licence and who made it.

    `kind` is the name of an `ItemKind`. `source` says where the item came from, and `digest` changes with its content. `entries`
    counts what it consists of: verses, topics, links. `language` and `source` are empty where nothing is known of them,
    `versification` for everything but a translation.
    """

    id: str
    kind: str
    name: str
    language: str
    versification: str
    licence: str
    attribution: str
    source: str
    digest: str
    entries: int

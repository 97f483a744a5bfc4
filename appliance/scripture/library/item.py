"""An item of the library."""

import msgspec


class LibraryItem(msgspec.Struct, frozen=True, kw_only=True):
    """A translation, a dictionary, a commentary or a data set, with its licence and its authors.

    `kind` is the name of an `ItemKind`. `source` says where the item came from. `digest` changes when the content changes.
    `entries` is the number of the item's verses, topics, links or other entries. `language` and `source` are empty if they are
    unknown. `versification` is empty for all kinds except translations.
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

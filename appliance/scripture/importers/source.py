"""What an importer hands over: one library item, with what reads its entries."""

import re
from collections.abc import Callable, Iterator
from typing import Generic

import msgspec

from appliance.errors import Refused
from appliance.scripture.importers.known_texts import KnownText
from appliance.scripture.importers.validation import TextFaulty, bounded, valid_verses
from appliance.scripture.library.kind import Entry, ItemKind
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import Verse

# Part of what the library remembers of a text: raised when a reader of ours is mended, so that texts are read again.
IMPORTER_VERSION = 2
MAX_ID_CHARACTERS = 64
MAX_NAME_CHARACTERS = 500
MAX_STATEMENT_CHARACTERS = 20_000
USUAL_VERSES = 31_102


class SourceUnreadable(Refused):
    """What was given cannot be read as what it claims to be."""


class ItemSource(msgspec.Struct, Generic[Entry], frozen=True, kw_only=True):
    """One library item, ready to be read.

    `entries` reads them again at each call, and raises SourceUnreadable or FileRefused; `digest` changes when they do. `origin`
    says where the item comes from. `language` is empty where nothing says it, `versification` for all but translations.
    """

    kind: ItemKind[Entry]
    id: str
    name: str
    language: str = ""
    versification: str = ""
    licence: str
    attribution: str
    origin: str
    digest: str
    entries: Callable[[], Iterator[Entry]]

    @property
    def expected_entries(self) -> int | None:
        """How many entries there will be, where that is known before they are read."""
        return None

    def check_description(self) -> None:
        """Raises TextFaulty where what a source says of itself is too long, or its id is empty."""
        if not re.search(r"\w", self.id):
            raise TextFaulty(
                "The file has no name that an id can be made of.", remedy="Rename it with letters or digits."
            )
        lengths = {
            "id": (self.id, MAX_ID_CHARACTERS),
            "name": (self.name, MAX_NAME_CHARACTERS),
            "licence": (self.licence, MAX_STATEMENT_CHARACTERS),
            "attribution": (self.attribution, MAX_STATEMENT_CHARACTERS),
        }
        for field, (statement, most) in lengths.items():
            if len(statement) > most:
                raise TextFaulty(
                    f"The {field} of {self.id[:MAX_ID_CHARACTERS]} has {len(statement):,} characters.",
                    remedy=f"At most {most:,} are accepted.",
                )

    def read(self, on_entry: Callable[[int], None] = lambda _count: None) -> list[Entry]:
        """All entries. `on_entry` is called with their number so far, and may raise to stop.

        Raises SourceUnreadable, FileRefused, or TextFaulty for no entry or too many.
        """
        entries = list(self._bounded_entries(on_entry))
        if not entries:
            raise TextFaulty(f"{self.id} has no {self.kind.entries_name}.", remedy="Download it again.")
        return entries

    def _bounded_entries(self, on_entry: Callable[[int], None]) -> Iterator[Entry]:
        return bounded(self.entries(), self.kind.max_entries, self.id, on_entry)


class TextSource(ItemSource[Verse], frozen=True, kw_only=True):
    """A translation ready to be read; `known` are its oddities that are no faults."""

    kind: ItemKind[Verse] = TRANSLATION
    known: KnownText = KnownText()

    @property
    def expected_entries(self) -> int:
        return self.known.verses or USUAL_VERSES

    def read(self, on_entry: Callable[[int], None] = lambda _count: None) -> list[Verse]:
        """All verses with words, in the order of the canon. Raises TextFaulty, naming the first faults and their number."""
        return valid_verses(self._bounded_entries(on_entry), self.id, self.known)

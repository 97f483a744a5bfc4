"""The result of an importer: one library item, with a function that reads the item's entries."""

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

# A part of the stored digest of an item. After a fix in an importer, increase it: the next import then reads the item again.
IMPORTER_VERSION = 3
MAX_ID_CHARACTERS = 64
MAX_NAME_CHARACTERS = 500
MAX_STATEMENT_CHARACTERS = 20_000
USUAL_VERSES = 31_102


class SourceUnreadable(Refused):
    """The file or folder cannot be read in its format."""


class ItemSource(msgspec.Struct, Generic[Entry], frozen=True, kw_only=True):
    """One library item that is ready to be read.

    Each call of `entries` reads the entries again, and raises SourceUnreadable or FileRefused. `digest` changes when the
    entries change. `origin` says where the item comes from. `language` is empty if it is unknown. `versification` is empty
    for all kinds except translations.
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
        """The number of entries, or None if the number is unknown before the entries are read."""
        return None

    def check_description(self) -> None:
        """Check the description of the item. Raises TextFaulty if a field is too long, or if the id is empty."""
        if not re.search(r"\w", self.id):
            raise TextFaulty(
                "The name of the file contains no letter or digit, so it cannot be used as an id.",
                remedy="Rename the file.",
            )
        lengths = {
            "id": (self.id, MAX_ID_CHARACTERS),
            "name": (self.name, MAX_NAME_CHARACTERS),
            "licence": (self.licence, MAX_STATEMENT_CHARACTERS),
            "attribution": (self.attribution, MAX_STATEMENT_CHARACTERS),
        }
        for field, (value, limit) in lengths.items():
            if len(value) > limit:
                raise TextFaulty(
                    f"The {field} of {self.id[:MAX_ID_CHARACTERS]} has {len(value):,} characters.",
                    remedy=f"Shorten it to at most {limit:,} characters.",
                )

    def read(self, on_entry: Callable[[int], None] = lambda _count: None) -> list[Entry]:
        """Read all entries. `on_entry` is called with the number of entries so far, and may raise an exception to stop.

        Raises SourceUnreadable or FileRefused. Raises TextFaulty if there are no entries or too many entries.
        """
        entries = list(self._bounded_entries(on_entry))
        if not entries:
            raise TextFaulty(f"{self.id} has no {self.kind.entries_name}.", remedy="Download it again.")
        return entries

    def _bounded_entries(self, on_entry: Callable[[int], None]) -> Iterator[Entry]:
        return bounded(self.entries(), self.kind.max_entries, self.id, on_entry)


class TranslationSource(ItemSource[Verse], frozen=True, kw_only=True):
    """A translation that is ready to be read. `known_text` has the peculiarities that are not faults."""

    kind: ItemKind[Verse] = TRANSLATION
    known_text: KnownText = KnownText()

    @property
    def expected_entries(self) -> int:
        return self.known_text.verses or USUAL_VERSES

    def read(self, on_entry: Callable[[int], None] = lambda _count: None) -> list[Verse]:
        """Read all verses that have words, in canon order. Raises TextFaulty with the first faults and the number of faults."""
        return valid_verses(self._bounded_entries(on_entry), self.id, self.known_text)

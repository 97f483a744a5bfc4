"""Translations as library items."""

from appliance.scripture.library.kind import ItemKind
from appliance.scripture.translations.store import delete_verses, insert_verses
from appliance.scripture.translations.verse import Verse

# The largest translation that is known has 37,457 verses. Addresses of pages contain its id, so no other source may take it.
TRANSLATION = ItemKind[Verse](
    name="translation",
    entries_name="verses",
    max_entries=100_000,
    insert=insert_verses,
    delete=delete_verses,
    keeps_source=True,
)

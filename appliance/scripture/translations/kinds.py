"""Translations as library items."""

from appliance.scripture.library.kind import ItemKind
from appliance.scripture.translations.store import delete_verses, insert_verses
from appliance.scripture.translations.verse import Verse

# The largest known translation has 37,457 verses. The addresses of pages contain the id of a translation, so an id must always
# mean a translation from the same source.
TRANSLATION = ItemKind[Verse](
    name="translation",
    entries_name="verses",
    max_entries=100_000,
    insert=insert_verses,
    delete=delete_verses,
    keeps_source=True,
)

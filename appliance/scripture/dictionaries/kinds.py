"""Dictionaries as library items."""

from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.store import delete_lexicon, delete_topics, insert_lexicon, insert_topics
from appliance.scripture.dictionaries.topics import Topic
from appliance.scripture.library.kind import ItemKind

LEXICON = ItemKind[LexiconEntry](
    name="lexicon", entries_name="entries", max_entries=200_000, insert=insert_lexicon, delete=delete_lexicon
)
TOPICS = ItemKind[Topic](
    name="topics", entries_name="entries", max_entries=200_000, insert=insert_topics, delete=delete_topics
)

"""Links as library items."""

from appliance.scripture.library.kind import ItemKind
from appliance.scripture.links.link import CrossReference, TopicVote
from appliance.scripture.links.store import (
    delete_cross_references,
    delete_topic_votes,
    insert_cross_references,
    insert_topic_votes,
)

# The largest known data set has 606,000 cross references.
CROSS_REFERENCES = ItemKind[CrossReference](
    name="cross references",
    entries_name="cross references",
    max_entries=5_000_000,
    insert=insert_cross_references,
    delete=delete_cross_references,
)
TOPIC_VOTES = ItemKind[TopicVote](
    name="topic votes",
    entries_name="topic votes",
    max_entries=5_000_000,
    insert=insert_topic_votes,
    delete=delete_topic_votes,
)

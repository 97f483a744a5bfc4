"""Links of several data sets are read together."""

from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.links.kinds import CROSS_REFERENCES, TOPIC_VOTES
from appliance.scripture.links.link import CrossReference, TopicVote
from appliance.scripture.links.store import select_cross_references, select_topic_votes


def test_a_link_in_two_data_sets_is_read_once_with_the_most_votes(library: Database) -> None:
    link, other = (
        CrossReference(1_001_003, 43_001_005, 43_001_005, 4),
        CrossReference(1_001_001, 43_001_001, 43_001_003),
    )
    put_item(library, CROSS_REFERENCES, "A", [link, other])
    put_item(library, CROSS_REFERENCES, "B", [CrossReference(1_001_003, 43_001_005, 43_001_005, 9)])

    assert [other, CrossReference(1_001_003, 43_001_005, 43_001_005, 9)] == select_cross_references(library.reader)


def test_votes_are_sorted_by_topic_and_number(library: Database) -> None:
    few, many, other = (
        TopicVote(topic, 1_001_003, 1_001_004, votes) for topic, votes in (("light", 2), ("light", 7), ("day", 1))
    )
    put_item(library, TOPIC_VOTES, "V", [few, many, other])

    assert [other, many, few] == select_topic_votes(library.reader)

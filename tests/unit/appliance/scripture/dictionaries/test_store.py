"""Headings of topics are separate documents for search."""

from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.dictionaries.store import SELECT_BARE_HEADINGS, SELECT_SEE
from appliance.scripture.dictionaries.topics import Citation, Topic


def test_each_heading_of_a_topic_is_written_once(library: Database) -> None:
    citations = tuple(Citation(heading, 1_001_003, 1_001_003) for heading in ("Made", "Made", ""))
    put_item(library, TOPICS, "N", [Topic(position=0, headword="LIGHT", citations=citations, see_also=())])
    rows = library.reader.rows(SELECT_BARE_HEADINGS, ("m",))

    assert [("LIGHT", ""), ("LIGHT", "Made")] == sorted((headword, heading) for _, headword, heading in rows)


def test_a_see_also_link_leads_to_all_other_topics_with_the_headword(library: Database) -> None:
    light, lamp, other_lamp = (
        Topic(position=at, headword=word, citations=(), see_also=see)
        for at, (word, see) in enumerate((("LIGHT", ("lamp", "LIGHT")), ("LAMP", ()), ("Lamp", ())))
    )
    put_item(library, TOPICS, "N", [light, lamp, other_lamp])
    ids = [topic for (topic,) in library.reader.rows("SELECT id FROM topics ORDER BY position")]

    assert {(ids[0], ids[1]), (ids[0], ids[2])} == set(library.reader.rows(SELECT_SEE))

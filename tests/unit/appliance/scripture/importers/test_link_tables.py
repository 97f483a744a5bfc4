"""Tables of cross references and of topic votes."""

from pathlib import Path

import pytest
from fakes.new_databases import new_library

from appliance.scripture.importers.detect import open_sources
from appliance.scripture.importers.link_tables import read_table
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.library.queries import installed
from appliance.scripture.links import store
from appliance.scripture.links.kinds import CROSS_REFERENCES, TOPIC_VOTES
from appliance.scripture.links.link import CrossReference, TopicVote
from appliance.scripture.operations import import_source, remove
from appliance.scripture.references import parse_osis

PLAIN = "# from\tto\t(Treasury of Scripture Knowledge)\nGen.1.1\tExod.20.11\nGen.1.1\tJohn.1.1-John.1.3\n"
OPENBIBLE = (
    "From Verse\tTo Verse\tVotes\t#www.openbible.info CC-BY 2024-01-01\nGen.1.1\tProv.8.22-Prov.8.30\t59\n"
    "3John.1.14\tGen.1.1\t-2\n"
)
VOTES = "# topic\tosis_start\tosis_end\tvotes — OpenBible.info, CC BY\nanger\tEph.4.26\tEph.4.27\t300\nanger\tJas.1.19\t\t250\n"
VOTES_BY_NUMBER = "Topic\tStart Verse ID (bbcccvvv)\tEnd Verse ID\tVotes\nanger\t49004026\t49004027\t300\n"


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "table.txt"
    path.write_text(content, encoding="utf-8")
    return path


def verses(osis: str) -> tuple[int, int]:
    reference = parse_osis(osis)
    assert reference is not None
    return reference.start, reference.end


def test_a_plain_table_of_cross_references(tmp_path: Path) -> None:
    source = read_table(write(tmp_path, PLAIN))

    assert source
    assert source.kind is CROSS_REFERENCES
    start = verses("Gen.1.1")[0]
    assert [
        CrossReference(start, *verses("Exod.20.11")),
        CrossReference(start, *verses("John.1.1-John.1.3")),
    ] == list(source.entries())


def test_a_table_of_openbible_has_votes_and_attribution(tmp_path: Path) -> None:
    source = read_table(write(tmp_path, OPENBIBLE))

    assert source
    assert source.kind is CROSS_REFERENCES
    assert ("CC BY", "www.openbible.info") == (source.licence, source.attribution)
    assert [59, -2] == [link.votes for link in source.entries()]


@pytest.mark.parametrize("table", [VOTES, VOTES_BY_NUMBER])
def test_topic_votes_can_use_osis_ids_or_numbers(tmp_path: Path, table: str) -> None:
    source = read_table(write(tmp_path, table))

    assert source
    assert source.kind is TOPIC_VOTES
    assert TopicVote("anger", *verses("Eph.4.26-Eph.4.27"), 300) == next(iter(source.entries()))


def test_another_table_is_not_a_table_of_links(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "name\tvalue\nJohn\t3\n")) is None


def test_a_table_with_many_invalid_lines_is_refused(tmp_path: Path) -> None:
    source = read_table(write(tmp_path, PLAIN + "rubbish\tmore\n" * 5))

    assert source
    assert source.kind is CROSS_REFERENCES
    with pytest.raises(SourceUnreadable, match="5 lines that are not links"):
        list(source.entries())


def test_links_can_be_imported_and_removed(tmp_path: Path) -> None:
    database = new_library(tmp_path / "library.db")
    with open_sources(str(write(tmp_path, OPENBIBLE))) as sources:
        first = import_source(database, sources[0])
        again = import_source(database, sources[0])

    assert (True, False) == (first.changed, again.changed)
    assert [("OpenBibleLinks", 2)] == [(item.id, item.entries) for item in installed(database)]
    assert 59 == store.select_cross_references(database.reader)[0].votes
    remove(database, "OpenBibleLinks")
    assert [] == store.select_cross_references(database.reader)

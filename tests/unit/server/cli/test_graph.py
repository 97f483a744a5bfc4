"""`lampstand graph`: building the graph, and the passages that are related to a verse."""

import json
from collections.abc import Iterator

import pytest
from click.testing import Result
from fakes.command_home import CommandHome
from fakes.library_items import put_item

from appliance.infrastructure.graph.interface import GraphMissing
from appliance.infrastructure.jobs.job import State
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.links.link import CrossReference
from appliance.scripture.references import BookNotFound
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import Verse
from server.cli.graph import graph

JOHN_3_16, ROMANS_5_8, GENESIS_1_3, PSALM_23_1 = 43_003_016, 45_005_008, 1_001_003, 19_023_001


@pytest.fixture(scope="module")
def library_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandHome]:
    """A data folder with four verses, a topic and a cross reference."""
    home = CommandHome(tmp_path_factory.mktemp("graph") / "home")
    library = home.appliance.library
    verses = [Verse(number, "Words") for number in (GENESIS_1_3, PSALM_23_1, JOHN_3_16, ROMANS_5_8)]
    cited = (Citation("Of God", JOHN_3_16, JOHN_3_16), Citation("", GENESIS_1_3, GENESIS_1_3))
    put_item(library, TRANSLATION, "Small", verses, versification="NRSVA")
    put_item(library, TOPICS, "Topics", [Topic(position=0, headword="LOVE", citations=cited, see_also=())])
    put_item(library, CROSS_REFERENCES, "Links", [CrossReference(JOHN_3_16, ROMANS_5_8, ROMANS_5_8, 40)])
    yield home
    home.close()


@pytest.fixture(scope="module")
def build_result(library_home: CommandHome) -> Result:
    return library_home.run(graph, "build")


@pytest.fixture(scope="module")
def built(library_home: CommandHome, build_result: Result) -> CommandHome:
    """The data folder with the graph of its library."""
    return library_home


def related_lines(home: CommandHome, *arguments: str) -> list[str]:
    """The lines of the table of related passages, without its heading."""
    return [" ".join(line.split()) for line in home.run(graph, "related", *arguments).output.splitlines()][1:]


def test_a_build_says_how_large_the_graph_is(built: CommandHome, build_result: Result) -> None:
    # Four books, four verses and one topic; one relation per verse to its book, two citations and one cross reference.
    assert (0, "16 nodes and relations\n") == (build_result.exit_code, build_result.output)
    assert not built.appliance.derived.graph_is_outdated()


def test_related_passages_have_a_score_and_reasons(built: CommandHome) -> None:
    assert ["Romans 5:8 4.5 cross reference", "Genesis 1:3 1.5 topic LOVE"] == related_lines(built, "John", "3:16")


def test_only_the_first_verse_of_a_reference_counts(built: CommandHome) -> None:
    assert ["John 3:16 3.5 referred from"] == related_lines(built, "Rom 5:8-9")


def test_the_best_passages_are_listed_up_to_the_limit(built: CommandHome) -> None:
    assert ["Romans 5:8 4.5 cross reference"] == related_lines(built, "John 3:16", "--limit", "1")
    assert 2 == built.run(graph, "related", "John 3:16", "--limit", "0").exit_code


def test_a_verse_without_relations_says_what_to_import(built: CommandHome) -> None:
    assert (
        "No related passages. Import cross references and topics with `lampstand library import`.\n"
        == built.run(graph, "related", "Psalm 23:1").output
    )


def test_json_of_related_passages_has_the_names_of_topics(built: CommandHome) -> None:
    _, by_topic = json.loads(built.run(graph, "related", "John 3:16", "--json").output)["related"]

    assert (GENESIS_1_3, "Genesis 1:3", 1.5) == (by_topic["verse_id"], by_topic["reference"], by_topic["score"])
    assert [{"kind": "topic", "count": 1, "names": ["LOVE"]}] == by_topic["reasons"]


def test_an_unknown_book_is_refused(built: CommandHome) -> None:
    with pytest.raises(BookNotFound, match=r"Did you mean John\?"):
        built.run(graph, "related", "Jhon")


def test_related_passages_need_a_graph(home: CommandHome) -> None:
    with pytest.raises(GraphMissing, match="The graph has not been built yet"):
        home.run(graph, "related", "John 3:16")


def test_a_build_can_be_left_to_the_worker(home: CommandHome) -> None:
    assert "Queued as job 1.\n" == home.run(graph, "build", "--enqueue").output
    answer = json.loads(home.run(graph, "build", "--enqueue", "--json").output)

    # The queued job is not created a second time.
    assert (1, "queued") == (answer["job"], answer["state"])
    assert [("graph", State.QUEUED)] == [(job.kind, job.state) for job in home.appliance.jobs.active()]
    assert not home.folder.graph.exists()

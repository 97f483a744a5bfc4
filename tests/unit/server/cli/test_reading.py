"""`lampstand read` and `lampstand search` on small translations."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.command_home import CommandHome
from fakes.library_items import put_item

from appliance.scripture.references import BookNotFound, PassageNotFound, ReferenceNotUnderstood
from appliance.scripture.search.modes.keyword import QueryRefused
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.queries import TranslationNotFound
from appliance.scripture.translations.verse import Verse
from server.cli.reading import read, search_command

GENESIS_1_2, GENESIS_2_4, JOHN_3_16 = 1_001_002, 1_002_004, 43_003_016
SMALL = [
    Verse(GENESIS_1_2, "A lamp is lit."),
    Verse(GENESIS_2_4, "The lamp and the river."),
    Verse(JOHN_3_16, "A lamp burns in the hall."),
    Verse(JOHN_3_16 + 1, "Nobody sleeps."),
]
OTHER = [Verse(JOHN_3_16, "A light is on."), Verse(JOHN_3_16 + 2, "Day comes.", through=JOHN_3_16 + 3)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandHome]:
    """A data folder with two translations. The commands only read it."""
    home = CommandHome(Path(tmp_path_factory.mktemp("reading")) / "home")
    for name, verses in (("Small", SMALL), ("Other", OTHER)):
        put_item(home.appliance.library, TRANSLATION, name, verses, versification="NRSVA")
    yield home
    home.close()


def lines(home: CommandHome, *arguments: str) -> list[str]:
    """The lines that `read` prints."""
    return home.run(read, *arguments).output.splitlines()


def references(home: CommandHome, *arguments: str) -> list[str]:
    """The references of the verses that `search` finds by words."""
    result = home.run(search_command, "--mode", "keyword", "--json", *arguments)
    return [hit["reference"] for hit in json.loads(result.output)["hits"]]


def test_a_passage_is_printed_under_its_reference(home: CommandHome) -> None:
    assert ["John 3:16–17", "3:16  A lamp burns in the hall.", "3:17  Nobody sleeps."] == lines(home, "John", "3:16-17")


def test_two_translations_are_printed_verse_by_verse(home: CommandHome) -> None:
    assert [
        "John 3:16–17",
        "3:16 Small  A lamp burns in the hall.",
        "3:16 Other  A light is on.",
        "3:17  Nobody sleeps.",
    ] == lines(home, "-t", "Small,Other", "John 3:16-17")


def test_verses_that_are_printed_as_one_have_both_numbers(home: CommandHome) -> None:
    assert ["John 3:18", "3:18–19  Day comes."] == lines(home, "-t", "Other", "John 3:18")


def test_json_of_a_passage_has_the_texts_by_translation(home: CommandHome) -> None:
    result = home.run(read, "--json", "-t", "Small, other", "John 3:16-17")

    assert {
        "reference": "John 3:16–17",
        "verses": [
            {"verse_id": JOHN_3_16, "texts": {"Small": "A lamp burns in the hall.", "Other": "A light is on."}},
            {"verse_id": JOHN_3_16 + 1, "texts": {"Small": "Nobody sleeps."}},
        ],
    } == json.loads(result.output)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (["Jhon"], BookNotFound, "Did you mean John?"),
        (["John 99"], PassageNotFound, "It has 21 chapters."),
        (["Exodus 1"], PassageNotFound, "There is no Exodus 1 in Small"),
        (["!"], ReferenceNotUnderstood, "is not a reference"),
        (["John 3:16", "-t", "Smal"], TranslationNotFound, "Did you mean Small?"),
    ],
)
def test_a_passage_that_cannot_be_read_is_refused(
    home: CommandHome, arguments: list[str], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        home.run(read, *arguments)


def test_an_empty_library_says_how_to_import_a_translation(tmp_path: Path) -> None:
    home = CommandHome(tmp_path / "home")
    with pytest.raises(TranslationNotFound, match="lampstand library import"):
        home.run(read, "John 3:16")
    home.close()


def test_a_search_prints_a_verse_per_line_with_its_reference(home: CommandHome) -> None:
    result = home.run(search_command, "--mode", "keyword", "lamp", "river")

    assert (0, "Genesis 2:4  The lamp and the river.\n") == (result.exit_code, result.output)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], {"Genesis 1:2", "Genesis 2:4", "John 3:16"}),
        (["--testament", "new"], {"John 3:16"}),
        (["--book", "Genesis"], {"Genesis 1:2", "Genesis 2:4"}),
        (["--range", "Gen 2-50"], {"Genesis 2:4"}),
        (["--translation", "Other"], set[str]()),
    ],
)
def test_a_search_can_be_limited_to_a_part_of_the_canon(
    home: CommandHome, options: list[str], expected: set[str]
) -> None:
    assert expected == set(references(home, "lamps", *options))


def test_a_search_prints_at_most_as_many_verses_as_allowed(home: CommandHome) -> None:
    assert 2 == len(references(home, "lamp", "--limit", "2"))


@pytest.mark.parametrize("limit", ["0", "101", "many"])
def test_an_impossible_limit_is_a_usage_error(home: CommandHome, limit: str) -> None:
    result = home.run(search_command, "lamp", "-n", limit)

    assert 2 == result.exit_code
    assert "Invalid value for '--limit' / '-n'" in result.output


def test_a_search_without_results_says_so(home: CommandHome) -> None:
    assert "No matching verses.\n" == home.run(search_command, "--mode", "keyword", "giraffe").output


def test_a_hybrid_search_without_vectors_says_that_it_used_words_only(home: CommandHome) -> None:
    output = home.run(search_command, "river").output

    assert output.startswith("Genesis 2:4  The lamp and the river.\n")
    assert "Search by meaning is being prepared (0% done). These results were found by words only." in output


def test_json_of_a_search_says_why_a_verse_was_found(home: CommandHome) -> None:
    results = json.loads(home.run(search_command, "--mode", "keyword", "--json", "river").output)
    (hit,) = results["hits"]

    assert ("river", "keyword", "Small") == (results["query"], results["mode"], results["translation"])
    assert (GENESIS_2_4, 1, [[17, 22]]) == (hit["verse_id"], hit["why"]["keyword_rank"], hit["highlights"])


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (["!!"], QueryRefused, "The query is empty"),
        (["lamp", "--book", "Jhon"], BookNotFound, "Did you mean John"),
        (["lamp", "--range", "Gen 99"], PassageNotFound, "It has 50 chapters."),
    ],
)
def test_an_invalid_search_is_refused(
    home: CommandHome, arguments: list[str], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        home.run(search_command, *arguments)

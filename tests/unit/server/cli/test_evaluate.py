"""`lampstand eval`: searches and references compared with the answers of a file."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from fakes.osis_texts import import_osis

from appliance.errors import Refused
from server.benchmarks.topics import TopicsUnreadable
from server.bootstrap import open_appliance
from server.cli.context import Home
from server.cli.evaluate import evaluate
from server.sample_queries import TranslationMissing

VOTES = "# topic\tstart\tend\tvotes\nharp\tGen.1.2\t\t3\ntrumpet\tGen.1.1\t\t5\nlamp\tGen.1.1\t\t1\n"
CASES = "# kind\ttext\tOSIS\nen\tJohn 3:16\tJohn.3.16\nen\tJohn 3:17\tJohn.3.18\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with two verses and without search by meaning."""
    appliance = open_appliance(tmp_path / "home")
    import_osis(appliance.library, tmp_path, "WEB", {"Gen.1.1": "A lamp shone.", "Gen.1.2": "A harp sounded."})
    appliance.close()
    return tmp_path / "home"


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    (tmp_path / "votes.tsv").write_text(VOTES, encoding="utf-8")
    return tmp_path / "votes.tsv"


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    (tmp_path / "cases.tsv").write_text(CASES, encoding="utf-8")
    return tmp_path / "cases.tsv"


def run(home: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(evaluate, list(map(str, arguments)), obj=Home(home, None), catch_exceptions=False)


def values_of(result: Result) -> dict[str, Any]:
    assert 0 == result.exit_code, result.output
    return {row["name"]: row["value"] for row in msgspec.json.decode(result.stdout)["measurements"]}


def test_topics_are_searched_and_compared_with_their_votes(home: Path, votes: Path) -> None:
    values = values_of(run(home, "topics", votes, "--mode", "keyword", "--json"))

    # The harp and the lamp are found, the trumpet is not.
    assert (0.6667, 0.6667, 0.6667, 3.0) == (
        values["ndcg_at_10"],
        values["recall_at_100"],
        values["hit_at_10"],
        values["topics"],
    )


def test_a_limit_uses_only_the_first_topics_of_the_file(home: Path, votes: Path) -> None:
    values = values_of(run(home, "topics", votes, "--mode", "keyword", "--limit", "1", "--json"))

    assert (1.0, 1.0) == (values["topics"], values["ndcg_at_10"])


@pytest.mark.parametrize("option", [("--limit", "0"), ("--mode", "strongs"), ("--mode", "guess")])
def test_invalid_options_are_refused(home: Path, votes: Path, option: tuple[str, str]) -> None:
    result = run(home, "topics", votes, *option)

    assert 2 == result.exit_code
    assert f"Invalid value for '{option[0]}'" in result.output


def test_a_file_without_votes_is_refused(home: Path, cases: Path) -> None:
    with pytest.raises(TopicsUnreadable, match=r"cases\.tsv is not a list of topics"):
        run(home, "topics", cases)


def test_cross_validation_needs_a_file_of_votes(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mark.usfm"
    file.write_text("\\id MRK\n\\h Mark\n\\c 1\n\\p\n\\v 1 A lamp shone.\n", encoding="utf-8")

    with pytest.raises(Refused, match=r"mark\.usfm is not a file of topic votes"):
        run(home, "topics", file, "--cross-validate")


def test_references_are_compared_with_the_expected_verses(home: Path, cases: Path) -> None:
    assert 0.5 == values_of(run(home, "references", cases, "--json"))["en"]


def test_misses_are_listed_after_the_table(home: Path, cases: Path) -> None:
    result = run(home, "references", cases, "--misses")

    assert "en\tJohn 3:17\tJohn 3:18\tJohn 3:17" == result.stdout.splitlines()[-1]
    assert "John 3:16" not in result.stdout


def test_json_has_no_list_of_misses(home: Path, cases: Path) -> None:
    result = run(home, "references", cases, "--misses", "--json")

    assert {"en", "per_second"} == set(values_of(result))


def test_known_items_need_translations(tmp_path: Path) -> None:
    with pytest.raises(TranslationMissing, match="has no translation WEB"):
        run(tmp_path / "empty", "known-items")

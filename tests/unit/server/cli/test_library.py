"""`lampstand library` and `lampstand index`: the items of the library, and the jobs that an import starts."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from fakes.breaking_server import breaking_server
from fakes.command_home import CommandHome
from fakes.library_items import ENTRIES, put_item
from fakes.osis_texts import OSIS

from appliance.infrastructure.jobs.job import State
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.importers.detect import SourceNotFound
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.library.queries import installed
from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.queries import TranslationNotFound
from models.errors import DownloadFailed
from server.cli.library import index, library

LINKS = b"From Verse\tTo Verse\tVotes\nGen.1.1\tJohn.1.1-John.1.3\t51\nGen.1.2\tPs.33.6\t-3\n"


def write_osis(file: Path, item_id: str, verses: Mapping[str, str], language: str = "en") -> Path:
    """Write verses of the first chapter of Genesis as OSIS."""
    marked = "".join(f'<verse osisID="{osis}">{text}</verse>' for osis, text in verses.items())
    books = f'<div type="book" osisID="Gen"><chapter osisID="Gen.1">{marked}</chapter></div>'
    file.write_text(OSIS.format(id=item_id, system="KJV", language=language, books=books), encoding="utf-8")
    return file


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A translation of two verses. It is Spanish, so the search index for English is not compiled."""
    return write_osis(tmp_path / "small.xml", "Small", {"Gen.1.1": "La lámpara.", "Gen.1.2": "El río."}, language="es")


def item_ids(home: CommandHome) -> list[str]:
    return [item.id for item in installed(home.appliance.library)]


def job_states(home: CommandHome) -> dict[str, State]:
    """The state of the latest job of each kind."""
    return {job.kind: job.state for job in reversed(home.appliance.jobs.latest(20))}


def test_an_empty_library_says_how_to_import_a_translation(home: CommandHome) -> None:
    output = home.run(library, "list").output

    assert "The library is empty. Import a translation with `lampstand library import FILE`.\n" == output


def test_every_item_is_listed_with_its_number_of_entries(home: CommandHome) -> None:
    for item_id, kind in (("T", TRANSLATION), ("D", TOPICS), ("L", CROSS_REFERENCES)):
        put_item(home.appliance.library, kind, item_id, ENTRIES[kind])
    heading, *lines = (" ".join(line.split()) for line in home.run(library, "list").output.splitlines())

    assert "id name language entries licence" == heading
    assert [
        "T T by hand en 2 verses Public Domain",
        "D D by hand en 1 entries Public Domain",
        "L L by hand en 1 cross references Public Domain",
    ] == lines


def test_json_lists_translations_dictionaries_and_data_sets_apart(home: CommandHome) -> None:
    for kind in (TRANSLATION, TOPICS, CROSS_REFERENCES):
        put_item(home.appliance.library, kind, kind.name, ENTRIES[kind])
    listed = json.loads(home.run(library, "list", "--json").output)

    assert {"translations": ["translation"], "dictionaries": ["topics"], "datasets": ["cross references"]} == {
        group: [item["id"] for item in items] for group, items in listed.items()
    }


def test_an_import_says_what_it_imported_and_which_jobs_follow(home: CommandHome, text: Path) -> None:
    result = home.run(library, "import", str(text))
    imported, queued = result.output.splitlines()

    assert (0, "Small: 2 imported", ["Small"]) == (result.exit_code, imported, item_ids(home))
    assert queued.startswith("Queued: ")
    assert "build the graph" in queued
    assert "`lampstand up` runs these jobs." in queued
    assert (State.DONE, State.QUEUED) == (job_states(home)["import"], job_states(home)["graph"])


def test_an_import_without_index_queues_no_jobs(home: CommandHome, text: Path) -> None:
    result = home.run(library, "import", "--no-index", str(text))

    assert "Small: 2 imported\n" == result.output
    assert {"import": State.DONE} == job_states(home)


def test_an_unchanged_file_is_not_imported_again(home: CommandHome, text: Path) -> None:
    home.run(library, "import", "--no-index", str(text))

    assert "Small: 2 unchanged\n" == home.run(library, "import", "--no-index", str(text)).output


def test_each_item_of_a_folder_is_reported_on_its_own_line(home: CommandHome, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("A", "B"):
        write_osis(folder / f"{name}.xml", name, {"Gen.1.1": f"A lamp of {name}."})
    output = home.run(library, "import", "--no-index", str(folder)).output

    assert ["A: 1 imported", "B: 1 imported"] == output.splitlines()


def test_only_the_chosen_items_of_a_folder_are_imported(home: CommandHome, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("A", "B", "C"):
        write_osis(folder / f"{name}.xml", name, {"Gen.1.1": f"A lamp of {name}."})
    home.run(library, "import", "--no-index", "--only", "C", "--only", "A", str(folder))

    assert ["A", "C"] == item_ids(home)
    with pytest.raises(SourceNotFound, match="contains none of D"):
        home.run(library, "import", "--only", "D", str(folder))


def test_json_of_an_import_names_the_job_and_the_translations(home: CommandHome, text: Path) -> None:
    answer = json.loads(home.run(library, "import", "--json", str(text)).output)

    assert (1, "Small: 2 imported") == (answer["job"], answer["result"])
    assert [("Small", "es", 2)] == [(item["id"], item["language"], item["verses"]) for item in answer["translations"]]


def test_a_failed_import_changes_nothing_and_stays_in_the_list_of_jobs(home: CommandHome, tmp_path: Path) -> None:
    (tmp_path / "letter.xml").write_text("Dear Anna", encoding="utf-8")
    with pytest.raises(SourceUnreadable, match=r"The format of letter\.xml is not supported"):
        home.run(library, "import", str(tmp_path / "letter.xml"))
    with pytest.raises(SourceNotFound, match="There is no file or folder"):
        home.run(library, "import", str(tmp_path / "missing"))

    assert [] == item_ids(home)
    assert [State.FAILED, State.FAILED] == [job.state for job in home.appliance.jobs.latest(20)]


def test_an_item_is_removed_only_after_confirmation(home: CommandHome) -> None:
    put_item(home.appliance.library, TRANSLATION, "Small", ENTRIES[TRANSLATION])
    declined = home.run(library, "remove", "small", answer="n\n")

    assert (1, ["Small"]) == (declined.exit_code, item_ids(home))
    assert "Remove small from the library? It can be imported again." in declined.output
    confirmed = home.run(library, "remove", "small", answer="y\n")
    assert 0 == confirmed.exit_code
    assert confirmed.output.endswith("Removed Small by hand.\n")
    assert [] == item_ids(home)


def test_a_removal_queues_the_jobs_that_it_makes_necessary(home: CommandHome) -> None:
    for name in ("Small", "Other"):
        put_item(home.appliance.library, TRANSLATION, name, ENTRIES[TRANSLATION])

    assert "Removed Small by hand.\n" == home.run(library, "remove", "--yes", "Small").output
    assert State.QUEUED == job_states(home)["graph"]


def test_an_unknown_item_cannot_be_removed(home: CommandHome) -> None:
    put_item(home.appliance.library, TRANSLATION, "Small", ENTRIES[TRANSLATION])
    with pytest.raises(TranslationNotFound, match=r"There is no translation 'Smal'\. Did you mean Small\?"):
        home.run(library, "remove", "--yes", "Smal")

    assert ["Small"] == item_ids(home)


def test_a_data_set_is_downloaded_checked_and_imported(home: CommandHome) -> None:
    digest = hashlib.sha256(LINKS).hexdigest()
    with breaking_server(LINKS) as server:
        result = home.run(library, "download", "cross-references", "--from", server.url, "--sha256", digest)

    assert [f"model.gguf: SHA-256 {digest}", "CrossReferences: 2 imported"] == result.stdout.splitlines()[:2]
    # There is no progress bar without a terminal.
    assert "" == result.stderr
    assert ["CrossReferences"] == item_ids(home)


def test_json_of_a_download_has_no_other_lines(home: CommandHome) -> None:
    with breaking_server(LINKS) as server:
        answer = json.loads(home.run(library, "download", "topics", "--json", "--from", server.url).output)

    assert ("CrossReferences: 2 imported", []) == (answer["result"], answer["translations"])


def test_a_download_with_another_sha_256_is_not_imported(home: CommandHome) -> None:
    with breaking_server(LINKS) as server, pytest.raises(DownloadFailed, match="has the wrong SHA-256"):
        home.run(library, "download", "cross-references", "--from", server.url, "--sha256", "0" * 64)

    assert ([], {}) == (item_ids(home), job_states(home))


def test_only_known_data_sets_can_be_downloaded(home: CommandHome) -> None:
    result = home.run(library, "download", "maps")

    assert 2 == result.exit_code
    assert "'cross-references', 'topics', 'theographic'" in result.output


def test_the_index_embeds_every_verse_and_compiles_the_suggestions(home: CommandHome, text: Path) -> None:
    home.run(library, "import", "--no-index", str(text))
    put_item(home.appliance.library, TOPICS, "Topics", ENTRIES[TOPICS])
    output = home.run(index).output

    assert "2 verses and 2 topic headings embedded\n" == output
    assert home.appliance.derived.index_state().complete
    assert home.folder.suggestions.exists()
    assert "nothing new to embed\n" == home.run(index).output


def test_the_index_job_can_be_left_to_the_worker(home: CommandHome, text: Path) -> None:
    home.run(library, "import", "--no-index", str(text))
    output = home.run(index, "--enqueue").output

    assert "Queued as job 2.\n" == output
    assert State.QUEUED == job_states(home)["index"]
    assert not home.appliance.derived.index_state().complete


def test_json_of_the_index_says_how_many_verses_have_vectors(home: CommandHome, text: Path) -> None:
    home.run(library, "import", "--no-index", str(text))
    answer = json.loads(home.run(index, "--json").output)

    assert ("done", "Small", 2, 2) == (
        answer["state"],
        answer["index"]["translation"],
        answer["index"]["embedded"],
        answer["index"]["total"],
    )

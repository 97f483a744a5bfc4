"""`lampstand ask`: answers from passages, written by a chat model or quoted."""

import json
from pathlib import Path

import pytest
from fakes.command_home import CommandHome
from fakes.library_items import put_item
from fakes.study import FakeWriter

from appliance.errors import Unavailable
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.queries import TranslationNotFound
from appliance.scripture.translations.verse import Verse
from appliance.study.operations import QuestionInvalid
from server.cli.asking import ask

VERSES = [Verse(43_003_016, "A lamp burns in the hall."), Verse(1_001_002, "A river is wide.")]
QUESTION = ("Who", "lit", "the", "lamp?")
COUNT_MESSAGES = "SELECT count(*) FROM messages"


@pytest.fixture
def home(home: CommandHome) -> CommandHome:
    """A data folder with a translation of two verses, and a writer that has nothing to write yet."""
    home.writer = FakeWriter()
    put_item(home.appliance.library, TRANSLATION, "Small", VERSES, versification="NRSVA")
    return home


def test_the_answer_of_a_chat_model_is_printed_with_its_sources(home: CommandHome) -> None:
    home.writer.pieces = ("Ben ", "did [1].")
    result = home.run(ask, *QUESTION)

    assert 0 == result.exit_code
    assert "Sources: [1] John 3:16\n" in result.output
    assert "Ben did [1]." in result.output
    assert "Written by tiny, in " in result.output


def test_the_words_of_the_command_line_are_one_question_of_nobody(home: CommandHome) -> None:
    home.writer.pieces = ("Ben.",)
    home.run(ask, *QUESTION)

    assert [("Who lit the lamp?", None)] == home.appliance.appliance_db.reader.rows(
        "SELECT question, asked_by FROM messages"
    )


def test_without_a_chat_model_passages_are_quoted(tmp_path: Path) -> None:
    home = CommandHome(tmp_path / "home")
    put_item(home.appliance.library, TRANSLATION, "Small", VERSES, versification="NRSVA")
    result = home.run(ask, *QUESTION)

    assert "> A lamp burns in the hall. — John 3:16 [1]" in result.output
    assert "Quoted passages only (no chat model), in " in result.output
    home.close()


def test_a_notice_about_the_search_ends_the_answer(home: CommandHome) -> None:
    home.writer.pieces = ("Ben.",)
    result = home.run(ask, *QUESTION)

    assert "These results were found by words only." in result.output.splitlines()[-1]


def test_a_chat_model_that_cannot_start_is_named_in_the_notice(home: CommandHome) -> None:
    home.writer.pieces = (Unavailable("The model is asleep."),)
    result = home.run(ask, *QUESTION)

    assert 0 == result.exit_code
    assert "> A lamp burns in the hall." in result.output
    assert "The chat model could not answer, so the passages are quoted: The model is asleep." in result.output


def test_an_answer_that_fails_halfway_ends_with_its_error(home: CommandHome) -> None:
    home.writer.pieces = ("Ben ", Unavailable("The model is asleep."))
    result = home.run(ask, *QUESTION)

    assert 1 == result.exit_code
    assert "Ben " in result.output
    assert "Error: The model is asleep.\n" in result.output
    assert "failed" == home.appliance.appliance_db.reader.value("SELECT state FROM messages")


def test_json_is_the_whole_message_and_nothing_else(home: CommandHome) -> None:
    home.writer.pieces = ("Ben ", "did [1].")
    result = home.run(ask, "--json", *QUESTION)
    message = json.loads(result.output)

    assert 0 == result.exit_code
    assert ("done", "Ben did [1].", "tiny", "Small") == (
        message["state"],
        message["text"],
        message["made_by"],
        message["translation"],
    )
    assert ["John 3:16"] == [source["reference"] for source in message["sources"]]


def test_json_of_a_failed_answer_sets_the_exit_code(home: CommandHome) -> None:
    home.writer.pieces = ("Ben ", Unavailable("The model is asleep."))
    result = home.run(ask, "--json", *QUESTION)
    message = json.loads(result.output)

    assert 1 == result.exit_code
    assert ("failed", "Ben ", "The model is asleep.") == (message["state"], message["text"], message["error"])


def test_a_question_without_letters_is_refused_and_not_stored(home: CommandHome) -> None:
    with pytest.raises(QuestionInvalid, match="The question is empty"):
        home.run(ask, "?!")

    assert 0 == home.appliance.appliance_db.reader.value(COUNT_MESSAGES)


def test_a_question_is_required(home: CommandHome) -> None:
    result = home.run(ask)

    assert 2 == result.exit_code
    assert "Missing argument 'QUESTION...'" in result.output


def test_an_unknown_translation_is_refused_before_the_question_is_stored(home: CommandHome) -> None:
    with pytest.raises(TranslationNotFound) as error:
        home.run(ask, "-t", "Smal", *QUESTION)

    assert "Did you mean Small?" == error.value.remedy
    assert 0 == home.appliance.appliance_db.reader.value(COUNT_MESSAGES)

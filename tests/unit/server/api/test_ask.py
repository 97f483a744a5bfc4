"""Questions, their answers, and the event stream of an answer, as JSON."""

import re
from typing import Any

import pytest
from fakes.small_site import Caller, Site, api_routes, assert_refused, read
from fakes.study import Wait
from httpx import Response

from appliance.community.accounts.permissions import Permission
from appliance.study.answer import Message, MessageState
from server.api.ask import AskController, MessageController

ROUTES = [api_routes(AskController, MessageController)]
QUESTION = "Which lamp is lit?"


def ask(caller: Caller, question: str = QUESTION, translation: str = "") -> Response:
    return caller.post("/api/v1/ask", {"question": question, "translation": translation})


def asked(caller: Caller) -> str:
    """The address of a new question."""
    response = ask(caller)
    assert 201 == response.status_code, response.text
    return response.headers["location"]


def events(caller: Caller, address: str, last_event_id: str = "") -> list[tuple[int, str]]:
    """The ids and types of the events of an answer, up to its end."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    response = caller.get(f"{address}/stream", headers)
    assert (200, "no-store") == (response.status_code, response.headers["cache-control"])
    frames = re.findall(r"^id: (\d+)\nevent: (\w+)\ndata: \{.*\}$", response.text, re.MULTILINE)
    return [(int(number), event_type) for number, event_type in frames]


def answer_of(caller: Caller, address: str) -> Message:
    """The answer, when it is complete."""
    events(caller, address)
    return read(caller.get(address), Message)


def write_slowly(site: Site) -> Wait:
    """The chat model writes two words, and one more after the test releases it."""
    wait = Wait()
    site.writer.current_model, site.writer.pieces = "tiny", ("A lamp ", wait, "shines.")
    return wait


def test_a_new_question_is_running_and_has_an_address(site: Site) -> None:
    ben = site.add_person()
    response = ask(site.program(ben))
    message = read(response, Message, 201)

    assert (QUESTION, MessageState.RUNNING, "") == (message.question, message.state, message.text)
    assert (ben.id, site.clock.now, None) == (message.asked_by, message.created_at, message.finished_at)
    assert f"/api/v1/messages/{message.id}" == response.headers["location"]


def test_a_question_without_a_translation_uses_the_default(site: Site) -> None:
    member = site.member()

    assert "Invented" == read(ask(member), Message, 201).translation
    assert "Second" == read(ask(member, translation="second"), Message, 201).translation


def test_without_a_chat_model_the_answer_quotes_its_sources(site: Site) -> None:
    member = site.member()
    answer = answer_of(member, asked(member))

    assert (MessageState.DONE, "extractive") == (answer.state, answer.made_by)
    assert [1, 2] == [source.number for source in answer.sources][:2]
    assert all(source.text in answer.text for source in answer.sources)


def test_a_chat_model_writes_the_answer_from_the_sources(site: Site) -> None:
    site.writer.current_model, site.writer.pieces = "tiny", ("A lamp ", "shines [1].")
    member = site.member()
    answer = answer_of(member, asked(member))

    assert ("A lamp shines [1].", "tiny") == (answer.text, answer.made_by)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"question": ""}, "The question is empty. Write a question"),
        ({"question": "???"}, "The question is empty."),
        ({"question": "a" * 1_001}, "Use at most 1,000 characters."),
        ({"question": 7}, "question"),
        ({}, "question"),
        (None, "The request body must be a JSON object."),
        ([], "Expected `object`, got `array`."),
    ],
)
def test_a_question_has_words_and_at_most_1000_characters(site: Site, body: Any, part: str) -> None:
    assert_refused(site.member().post("/api/v1/ask", body), 400, part)


def test_a_question_about_an_unknown_translation_is_refused(site: Site) -> None:
    assert_refused(ask(site.member(), translation="Secnd"), 404, "Did you mean Second?")


def test_a_site_without_a_translation_cannot_answer(empty_site: Site) -> None:
    assert_refused(ask(empty_site.member()), 404, "The library has no translation yet.")


def test_guests_and_tokens_without_the_scope_cannot_ask(site: Site) -> None:
    assert_refused(ask(site.guest), 401, "Sign in to continue.")
    assert_refused(ask(site.program(site.add_person(), Permission.READ)), 403, "does not have the scope ask")


def test_a_person_has_at_most_four_unfinished_answers(site: Site) -> None:
    wait, ben = write_slowly(site), site.add_person()
    program = site.program(ben)
    first, *_others = [asked(program) for _ in range(4)]
    # The limit is checked before the translation.
    refused = ask(program, translation="Third")
    other_person = ask(site.program(site.add_person("Cleo")))
    program.post(f"{first}/stop")
    after_one_ended = ask(program)
    site.run(wait.released.set)

    assert_refused(refused, 429, "Wait until one of these answers ends")
    assert "5" == refused.headers["retry-after"]
    assert [201, 201] == [other_person.status_code, after_one_ended.status_code]


def test_the_text_written_before_a_stop_stays(site: Site) -> None:
    wait, member = write_slowly(site), site.member()
    address = asked(member)
    site.wait_for(wait.reached)
    stopped = read(member.post(f"{address}/stop"), Message)

    assert (MessageState.STOPPED, "A lamp ", "tiny") == (stopped.state, stopped.text, stopped.made_by)
    assert stopped == read(member.get(address), Message)


def test_stopping_a_complete_answer_does_not_change_it(site: Site) -> None:
    member = site.member()
    address = asked(member)
    answer = answer_of(member, address)

    assert answer == read(member.post(f"{address}/stop"), Message)


def test_the_stream_begins_with_the_sources_and_ends_when_the_answer_is_done(site: Site) -> None:
    site.writer.current_model, site.writer.pieces = "tiny", ("A lamp ", "shines.")
    member = site.member()
    address = asked(member)

    assert [(1, "sources"), (2, "token"), (3, "token"), (4, "done")] == events(member, address)


def test_a_stream_continues_after_the_last_event_id(site: Site) -> None:
    member = site.member()
    address = asked(member)
    all_events = events(member, address)

    assert all_events[2:] == events(member, address, "2")
    assert [] == events(member, address, str(all_events[-1][0]))
    assert_refused(member.get(f"{address}/stream", {"Last-Event-ID": "two"}), 400, "'two' is not an event id.")


@pytest.mark.parametrize("action", ["", "/stream"])
def test_the_questions_of_other_people_do_not_exist(site: Site, action: str) -> None:
    address = asked(site.member())
    anna = site.administrator()

    assert_refused(anna.get(f"{address}{action}"), 404, "You have no question with this id.")
    assert_refused(anna.post(f"{address}/stop"), 404)


def test_an_unknown_question_is_not_found(site: Site) -> None:
    assert_refused(site.member().get("/api/v1/messages/none"), 404, "There is no message 'none'.")

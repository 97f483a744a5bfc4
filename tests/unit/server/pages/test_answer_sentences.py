"""What a page says of an answer."""

import msgspec
import pytest

from appliance.study.answer import EXTRACTIVE, Message, MessageState, Source
from server.pages.answer_sentences import closing_sentence, sentence_of, writing_sentence

SOURCE = Source(number=1, reference="John 3:16", osis="John.3.16", start=1, end=1, text="For God so loved the world.")
RUNNING = Message(
    id="1",
    asked_by=None,
    question="What is love?",
    translation="WEB",
    state=MessageState.RUNNING,
    text="",
    sources=(),
    made_by=None,
    error=None,
    created_at=0.0,
    finished_at=None,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Looking for passages …"),
        ({"sources": (SOURCE,)}, "Writing …"),
        ({"state": MessageState.DONE, "made_by": EXTRACTIVE}, "Quoted on this machine, without a chat model."),
        ({"state": MessageState.DONE, "made_by": "tiny"}, "Written on this machine by tiny."),
        ({"state": MessageState.STOPPED}, "Stopped."),
        ({"state": MessageState.STOPPED, "made_by": "tiny"}, "Stopped. Written on this machine by tiny."),
        ({"state": MessageState.FAILED, "error": "The disk is full."}, "The disk is full."),
    ],
)
def test_a_stored_answer_says_where_it_stands(changes: dict[str, object], expected: str) -> None:
    assert expected == sentence_of(msgspec.structs.replace(RUNNING, **changes))


def test_an_answer_that_was_followed_says_how_long_it_took() -> None:
    quoted = closing_sentence(made_by=EXTRACTIVE, took_ms=349, notice="Search by meaning is not ready.")

    assert "Quoted on this machine, without a chat model, in 0.3 s. Search by meaning is not ready." == quoted
    assert "Written on this machine by tiny in 12.0 s." == closing_sentence(made_by="tiny", took_ms=12_000)


def test_nothing_is_written_without_sources() -> None:
    assert ("Writing …", "") == (writing_sentence(2), writing_sentence(0))

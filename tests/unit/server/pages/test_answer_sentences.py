"""The sentence on a page about its answer."""

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
        ({"state": MessageState.DONE, "made_by": EXTRACTIVE}, "Quoted passages only, without a chat model."),
        ({"state": MessageState.DONE, "made_by": "tiny"}, "Written by tiny on this server."),
        ({"state": MessageState.STOPPED}, "Stopped."),
        ({"state": MessageState.STOPPED, "made_by": "tiny"}, "Stopped. Written by tiny on this server."),
        ({"state": MessageState.FAILED, "error": "The disk is full."}, "The disk is full."),
    ],
)
def test_the_sentence_of_a_stored_answer(changes: dict[str, object], expected: str) -> None:
    assert expected == sentence_of(msgspec.structs.replace(RUNNING, **changes))


def test_a_live_answer_says_how_long_it_took() -> None:
    quoted = closing_sentence(made_by=EXTRACTIVE, took_ms=349, notice="Search by meaning is not ready.")

    assert "Quoted passages only, without a chat model. 0.3 s. Search by meaning is not ready." == quoted
    assert "Written by tiny on this server. 12.0 s." == closing_sentence(made_by="tiny", took_ms=12_000)


def test_there_is_no_progress_sentence_without_sources() -> None:
    assert ("Writing …", "") == (writing_sentence(2), writing_sentence(0))

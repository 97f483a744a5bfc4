"""The event stream of an answer: the page shows the whole answer, even if the connection breaks several times."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from appliance.study.answer import AnswerEvent, EventType, Source
from appliance.study.answer_text import parse_answer
from server.http.streaming import HEARTBEAT
from server.pages.answer_stream import PageEvents, page_frames

SOURCES = [
    Source(number=1, reference="John 3:16", osis="John.3.16", start=43_003_016, end=43_003_016, text='So "loved" <us>'),
    Source(number=2, reference="1 John 4:8", osis="1John.4.8", start=62_004_008, end=62_004_008, text="God is love."),
]
FRAGMENTS = ["\n", "\n\n", "## ", "> ", "[1]", "[2]", "[3]", "[", "2]", "love ", "is", "<b>", "&"]
fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=20)


def events_of(tokens: Iterable[str], *, end: dict[str, Any] | None = None) -> list[AnswerEvent]:
    """The events of an answer with these tokens, up to its end."""
    payloads = [
        (EventType.SOURCES, {"sources": msgspec.to_builtins(SOURCES), "notice": None}),
        *((EventType.TOKEN, {"text": token}) for token in tokens),
        (EventType.DONE, end or {"made_by": "extractive", "took_ms": 200, "notice": None}),
    ]
    return [AnswerEvent(seq=seq, type=kind, payload=payload) for seq, (kind, payload) in enumerate(payloads, start=1)]


class Page:
    """A browser page that stores the events."""

    def __init__(self) -> None:
        self.last_event = 0
        self.blocks: dict[int, str] = {}
        self.sources = self.sentence = ""
        self.numbers: list[int] = []

    def receive(self, frame: bytes) -> None:
        fields = dict(line.split(": ", 1) for line in frame.decode().strip().splitlines())
        assert self.last_event <= int(fields["id"])
        self.last_event = int(fields["id"])
        data = json.loads(fields["data"])
        if fields["event"] == "block":
            assert data["number"] <= len(self.blocks) + 1
            self.blocks[data["number"]] = data["html"]
            self.numbers.append(data["number"])
            return
        self.sentence = data["sentence"]
        self.sources = data.get("html", self.sources)


def page_events(templates: Environment, last_event: int = 0) -> PageEvents:
    return PageEvents(
        templates.get_template("_answer.html"), translation="WEB", language="en", last_event_id=last_event
    )


def batches_of(events: Sequence[AnswerEvent], sizes: Sequence[int]) -> list[Sequence[AnswerEvent]]:
    batches, first = [], 0
    for size in sizes:
        batches.append(events[first : first + size])
        first += size
    return [*batches, events[first:]]


def follow(templates: Environment, page: Page, batches: Iterable[Sequence[AnswerEvent]], frames: int = 1_000) -> None:
    """Send an answer to a page from its last event on. Stop after `frames` frames."""
    source = page_events(templates, page.last_event)
    received = (frame for batch in batches for frame in source.frames(batch))
    for frame, _ in zip(received, range(frames), strict=False):
        page.receive(frame)


def answer_html(templates: Environment, text: str) -> list[str]:
    macros: Any = templates.get_template("_answer.html").module
    return [macros.answer_block(block, {source.number: source for source in SOURCES}) for block in parse_answer(text)]


def test_an_answer_is_sent_as_html(templates: Environment) -> None:
    page = Page()
    follow(templates, page, [events_of(["## Love\n\n", "> God is love. [2]", "[7]\n\n"])])

    assert '<li id="source-1">' in page.sources
    assert 'href="/read/WEB/1John/4#v8"' in page.sources
    assert "<h2>Love</h2>" == page.blocks[1].strip()
    assert 'href="#source-2"' in page.blocks[2]
    assert 'title="1 John 4:8: God is love."' in page.blocks[2]
    assert page.blocks[2].strip().endswith("[7]</blockquote>"), "there is no source 7"
    assert "Quoted passages only, without a chat model. 0.2 s." == page.sentence


def test_text_of_a_model_or_a_source_is_escaped(templates: Environment) -> None:
    page = Page()
    follow(templates, page, [events_of(["<script>alert(1)</script> [1]"])])

    assert "<script" not in page.blocks[1]
    assert "&lt;script&gt;" in page.blocks[1]
    assert 'title="John 3:16: So &#34;loved&#34; &lt;us&gt;"' in page.blocks[1]


def test_a_batch_sends_each_changed_block_once(templates: Environment) -> None:
    page = Page()
    follow(templates, page, [events_of(["God ", "is ", "love", ".\n\n", "Love ", "is ", "patient."])])

    assert [1, 2] == page.numbers


def test_single_words_resend_only_the_last_block(templates: Environment) -> None:
    page, events = Page(), events_of(["God", " is", "\n\nLove", " is"])
    follow(templates, page, [[event] for event in events])

    assert [1, 1, 1, 2, 2] == page.numbers


def test_stopped_and_failed_answers_say_so(templates: Environment) -> None:
    stopped, failed = Page(), Page()
    follow(templates, stopped, [events_of(["a"], end={"made_by": None, "stopped": True})])
    error = AnswerEvent(seq=2, type=EventType.ERROR, payload={"message": "The disk is full."})
    follow(templates, failed, [[*events_of([])[:1], error]])

    assert ("Stopped.", "The disk is full.") == (stopped.sentence, failed.sentence)


@given(tokens=fragments, sizes=st.lists(st.integers(0, 5), max_size=8))
def test_the_page_shows_the_whole_answer_at_the_end(
    templates: Environment, tokens: list[str], sizes: list[int]
) -> None:
    page, events = Page(), events_of(tokens)
    follow(templates, page, batches_of(events, sizes))

    assert answer_html(templates, "".join(tokens)) == [page.blocks[number] for number in sorted(page.blocks)]
    assert events[-1].seq == page.last_event


@given(
    tokens=fragments,
    connections=st.lists(st.tuples(st.integers(1, 6), st.lists(st.integers(0, 5), max_size=8)), max_size=4),
)
def test_broken_connections_lose_and_repeat_nothing(
    templates: Environment, tokens: list[str], connections: list[tuple[int, list[int]]]
) -> None:
    page, events = Page(), events_of(tokens)
    for frames, sizes in connections:
        follow(templates, page, batches_of(events, sizes), frames)
    follow(templates, page, [events])

    assert answer_html(templates, "".join(tokens)) == [page.blocks[number] for number in sorted(page.blocks)]
    assert page.sources
    assert page.sentence.startswith("Quoted")


def test_a_reconnected_page_gets_the_whole_last_block_and_no_earlier_block(templates: Environment) -> None:
    page, events = Page(), events_of(["God is love.\n\n", "Love is ", "patient."])
    follow(templates, page, [[event] for event in events], frames=3)
    page.numbers.clear()
    follow(templates, page, [events])

    assert [2] == page.numbers
    assert "<p>Love is patient.</p>" == page.blocks[2].strip()


def test_idle_streams_get_heartbeats_and_quick_words_are_sent_in_one_batch(templates: Environment) -> None:
    async def run() -> list[bytes]:
        async def answer_events() -> AsyncGenerator[AnswerEvent | None, None]:
            for event in events_of(["God ", "is ", "love."]):
                yield event
            await asyncio.sleep(0.2)
            yield None

        return [frame async for frame in page_frames(answer_events(), page_events(templates))]

    first_frames, *later_frames = asyncio.run(run())

    assert ["sources", "block", "done"] == [
        line.removeprefix("event: ") for line in first_frames.decode().splitlines() if line.startswith("event: ")
    ]
    assert [HEARTBEAT] == later_frames


@pytest.mark.parametrize("last_event", [5, 99])
def test_a_page_that_received_the_end_gets_no_second_end(templates: Environment, last_event: int) -> None:
    frames = b"".join(page_events(templates, last_event).frames(events_of(["a", "b", "c"])))

    assert b"event: done" not in frames
    assert b"event: sources" not in frames

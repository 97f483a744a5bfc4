"""The server-sent events that update the page of an answer. They contain HTML from the macros of the page itself.

The id of a page event is the id of the last answer event that it contains. When a page reconnects, it sends the last id that
it received. The server sends the blocks of this event again, and all later events. A block is always sent whole and replaces
the earlier version, so no text is repeated.
"""

import contextlib
from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Any

import msgspec
from jinja2 import Template

from appliance.study.answer import AnswerEvent, EventType, Source
from appliance.study.answer_text import Block, GrowingAnswer
from server.http.batches import in_batches
from server.http.streaming import HEARTBEAT, frame
from server.pages.answer_sentences import closing_sentence, writing_sentence

# The last block is sent again when it grows. Twenty times per second looks smooth; a fast model writes more often.
GATHER_S = 0.05


class SourcesHtml(msgspec.Struct, frozen=True, kw_only=True):
    """The event `sources`: the items of the list of sources, and the sentence to show while the answer is written."""

    html: str
    sentence: str


class BlockHtml(msgspec.Struct, frozen=True, kw_only=True):
    """The event `block`: the current text of a block. `number` counts from 1."""

    number: int
    html: str


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The events `done` and `error`: the final sentence about the answer."""

    sentence: str


class PageEvents:
    """Converts the events of an answer into events for the page of the answer. It skips the text that the page already has.

    `template` contains the macros. `translation` is the id of the translation of the sources, `language` its language.
    `last_event_id` is the last id that the page received, or 0.
    """

    def __init__(self, template: Template, *, translation: str, language: str, last_event_id: int) -> None:
        self._macros: Any = template.module
        self._translation, self._language = translation, language
        self._seen_id = last_event_id
        self._text = GrowingAnswer()
        self._sources: dict[int, Source] = {}
        # The blocks to send, in order: the last version of each changed block, with the id of the event that changed it.
        self._changed: dict[int, tuple[int, Block]] = {}
        self._read_id = 0

    def frames(self, events: Iterable[AnswerEvent]) -> Iterator[bytes]:
        """The frames for the next events of the answer. Each changed block is sent once."""
        for event in events:
            if event.type is EventType.TOKEN:
                self._add_text(event)
            else:
                yield from self._block_frames()
                yield from self._frames_of_other(event)
        yield from self._block_frames()

    def _add_text(self, event: AnswerEvent) -> None:
        self._read_id = event.seq
        event_id = max(event.seq, self._seen_id)
        changed = {block.number: (event_id, block) for block in self._text.add(event.payload["text"])}
        if event.seq > self._seen_id:
            self._changed |= changed
        else:
            # The page already has this text. The last event that the page received may have started more blocks, which the
            # page does not have.
            self._changed = changed or self._changed

    def _block_frames(self) -> Iterator[bytes]:
        if self._read_id < self._seen_id:
            return
        for event_id, block in self._changed.values():
            html = str(self._macros.answer_block(block, self._sources))
            yield _frame(event_id, "block", BlockHtml(number=block.number, html=html))
        self._changed = {}

    def _frames_of_other(self, event: AnswerEvent) -> Iterator[bytes]:
        self._read_id = event.seq
        if event.type is EventType.SOURCES:
            sources = msgspec.convert(event.payload["sources"], list[Source])
            self._sources = {source.number: source for source in sources}
        if event.seq > self._seen_id:
            data = self._sources_html() if event.type is EventType.SOURCES else _ending(event)
            yield _frame(event.seq, event.type, data)

    def _sources_html(self) -> SourcesHtml:
        sources = list(self._sources.values())
        html = str(self._macros.source_items(sources, self._translation, self._language))
        return SourcesHtml(html=html, sentence=writing_sentence(len(sources)))


def _ending(event: AnswerEvent) -> Ending:
    if event.type is EventType.ERROR:
        return Ending(sentence=event.payload["message"])
    return Ending(
        sentence=closing_sentence(
            made_by=event.payload["made_by"],
            stopped=event.payload.get("stopped", False),
            took_ms=event.payload.get("took_ms"),
            notice=event.payload.get("notice"),
        )
    )


def _frame(event_id: int, event_type: str, data: SourcesHtml | BlockHtml | Ending) -> bytes:
    return frame(event_id, event_type, msgspec.json.encode(data))


async def page_frames(
    events: AsyncGenerator[AnswerEvent | None, None], page: PageEvents
) -> AsyncGenerator[bytes, None]:
    """Yield the frames for the page as the events arrive. A None among the events becomes a heartbeat comment."""
    async with contextlib.aclosing(in_batches(events, GATHER_S)) as batches:
        async for batch in batches:
            answer_events = [event for event in batch if event]
            frames = b"".join(page.frames(answer_events)) if answer_events else HEARTBEAT
            if frames:
                yield frames

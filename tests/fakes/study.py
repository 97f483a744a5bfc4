"""A finder of verses and a writer of answers. A test decides what they do."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence

import msgspec

from appliance.scripture.search.hits import Hit, Results, Search, Why
from appliance.study.ports import ChatTurn


def hit(verse_id: int) -> Hit:
    return Hit(verse_id=verse_id, osis="", reference="", text="", score=1.0, why=Why())


class FakeFinder:
    """Finds the verses that the test chose, or raises the error that the test chose. A search waits until `allowed` is set."""

    def __init__(self, *verse_ids: int, notice: str | None = None, error: Exception | None = None) -> None:
        self.verse_ids, self.notice, self.error = verse_ids, notice, error
        self.wanted: list[Search] = []
        self.allowed = threading.Event()
        self.allowed.set()

    def search(self, wanted: Search) -> Results:
        self.wanted.append(wanted)
        assert self.allowed.wait(timeout=30)
        if self.error:
            raise self.error
        return Results(
            query=wanted.query,
            mode=wanted.mode,
            translation=wanted.translation.id,
            took_ms=0,
            hits=tuple(map(hit, self.verse_ids)),
            next_cursor=None,
            notice=self.notice,
        )


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of one call of a writer."""

    turns: Sequence[ChatTurn]
    model: str
    max_tokens: int
    user: str


class Wait:
    """A place among the pieces of a writer where the writer waits. It sets `reached`, and continues when `released` is set."""

    def __init__(self) -> None:
        self.reached, self.released = asyncio.Event(), asyncio.Event()


class FakeWriter:
    """Writes its pieces in order. If a piece is a Wait, the writer waits. If a piece is an error, the writer raises it."""

    def __init__(self, *pieces: str | Wait | Exception, model: str | Exception | None = "tiny") -> None:
        self.pieces, self.current_model = pieces, model
        self.requests: list[Request] = []
        self.is_closed = False

    def model(self) -> str | None:
        if isinstance(self.current_model, Exception):
            raise self.current_model
        return self.current_model

    async def write(
        self, turns: Sequence[ChatTurn], *, model: str, max_tokens: int, user: str = ""
    ) -> AsyncGenerator[str, None]:
        self.requests.append(Request(turns=turns, model=model, max_tokens=max_tokens, user=user))
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, Wait):
                    piece.reached.set()
                    await piece.released.wait()
                else:
                    yield piece
        finally:
            self.is_closed = True

"""`models bench`: the speed of a chat model or an embedding model, without the time that loading it takes."""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from fakes.clock import FakeClock
from fakes.prepared_runtime import prepared_runtime
from fakes.registered_models import register_model

from models.catalogue.model import ModelRole
from models.cli.context import ModelsFolder
from models.cli.measuring import Speed, bench, measure_chat, measure_embedding
from models.client import Client
from models.errors import ModelUnavailable, ModelUnknown, RequestInvalid
from models.messages import (
    ChatChunk,
    ChatRequest,
    ChunkChoice,
    Delta,
    EmbeddingItem,
    EmbeddingRequest,
    EmbeddingResponse,
    Usage,
)

CHAT, EMBED = "POST /v1/chat/completions", "POST /v1/embeddings"
VECTORS = EmbeddingResponse(
    data=[EmbeddingItem(index=0, embedding=base64.b64encode(bytes(8)).decode())],
    model="embedder",
    usage=Usage(prompt_tokens=1, total_tokens=1),
)


class TimedClient(Client):
    """A client of a model that takes 2 s for its first piece and 0.5 s for each of the others, one token per piece.

    The last piece has `tokens_in_last` tokens.
    """

    def __init__(self, clock: FakeClock, *, pieces: int, tokens_in_last: int) -> None:
        super().__init__(folder=Path("models"), socket=Path("models.sock"))
        self._clock, self._pieces, self._tokens_in_last = clock, pieces, tokens_in_last

    async def stream_chat(
        self, request: ChatRequest, *, on_usage: Callable[[Usage], None] | None = None
    ) -> AsyncGenerator[str, None]:
        pieces = min(self._pieces, request.max_tokens or self._pieces)
        for number in range(pieces):
            self._clock.advance(0.5 if number else 2.0)
            yield "lamp "
        if on_usage:
            tokens = pieces - 1 + self._tokens_in_last if pieces else 0
            on_usage(Usage(prompt_tokens=9, completion_tokens=tokens, total_tokens=9 + tokens))


class TimedEmbedder:
    """A model that takes 0.5 s for its first text and 0.25 s for each of the others. Texts in its cache cost no time."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._cached: set[str] = set()

    def embed(self, texts: list[str]) -> None:
        for text in texts:
            if text not in self._cached:
                self._clock.advance(0.25 if self._cached else 0.5)
                self._cached.add(text)


def chat_speed(*, pieces: int, tokens_in_last: int = 1, max_tokens: int = 128) -> Speed:
    clock = FakeClock()
    client = TimedClient(clock, pieces=pieces, tokens_in_last=tokens_in_last)
    with contextlib.closing(client):
        return asyncio.run(measure_chat(client, "lamp", tokens=max_tokens, clock=clock.monotonic))


def test_the_speed_of_a_chat_model_counts_the_tokens_after_the_first() -> None:
    assert Speed(model="lamp", first_s=2.0, per_s=2.0, unit="tokens/s") == chat_speed(pieces=11)


def test_tokens_that_arrive_in_one_piece_are_counted_separately() -> None:
    # 20 tokens after the first in 5 seconds.
    assert 4.0 == chat_speed(pieces=11, tokens_in_last=11).per_s


def test_the_answer_of_a_chat_model_is_as_long_as_requested() -> None:
    # 4 tokens after the first in 1 second.
    assert 4.0 == chat_speed(pieces=500, tokens_in_last=3, max_tokens=3).per_s


@pytest.mark.parametrize(("pieces", "first_s"), [(0, 0.0), (1, 2.0)])
def test_an_answer_of_one_token_or_none_has_no_speed(pieces: int, first_s: float) -> None:
    speed = chat_speed(pieces=pieces)

    assert (first_s, 0.0) == (speed.first_s, speed.per_s)


def test_the_speed_of_an_embedding_model_counts_new_texts() -> None:
    clock = FakeClock()
    embedder = TimedEmbedder(clock)
    first, second = (measure_embedding(embedder.embed, "embedder", clock=clock.monotonic) for _ in range(2))

    assert Speed(model="embedder", first_s=0.5, per_s=4.0, unit="texts/s") == first
    # No text of the second measurement is in the cache.
    assert (0.25, 4.0) == (second.first_s, second.per_s)


@pytest.fixture
def models_folder(tmp_path: Path) -> ModelsFolder:
    """A folder with one model per role. Another program has to start its runtime."""
    folder = ModelsFolder(tmp_path / "models", tmp_path / "models.sock", wait_for_start=lambda: 0.0)
    register_model(folder.folder, "lamp")
    register_model(folder.folder, "embedder", role=ModelRole.EMBED)
    register_model(folder.folder, "reranker", role=ModelRole.RERANK)
    return folder


def invoke(models_folder: ModelsFolder, *arguments: str) -> Result:
    return CliRunner().invoke(bench, arguments, obj=models_folder, catch_exceptions=False)


def stream(*pieces: str) -> bytes:
    """The answer of a chat model, one token per piece."""
    usage = Usage(prompt_tokens=9, completion_tokens=len(pieces), total_tokens=9 + len(pieces))
    chunks = [
        ChatChunk(id="1", created=1, model="lamp", choices=[ChunkChoice(delta=Delta(content=piece))])
        for piece in pieces
    ]
    chunks.append(ChatChunk(id="1", created=1, model="lamp", choices=[], usage=usage))
    return b"".join(b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def test_a_chat_model_is_loaded_by_an_answer_of_one_token_before_it_is_measured(models_folder: ModelsFolder) -> None:
    with prepared_runtime(models_folder.socket, {CHAT: stream("The", " lamp")}) as runtime:
        result = invoke(models_folder, "lamp")
    requests = [msgspec.json.decode(body, type=ChatRequest) for body in runtime.bodies]

    assert re.fullmatch(r"lamp: first after [\d,]+ ms, then [\d,.]+ tokens/s\n", result.output)
    assert [(1, 0.0), (128, 0.0)] == [(request.max_tokens, request.temperature) for request in requests]


def test_an_embedding_model_is_loaded_by_one_text_before_it_is_measured(models_folder: ModelsFolder) -> None:
    with prepared_runtime(models_folder.socket, {EMBED: VECTORS}) as runtime:
        result = invoke(models_folder, "embedder")
    inputs = [msgspec.json.decode(body, type=EmbeddingRequest).input for body in runtime.bodies]

    assert re.fullmatch(r"embedder: first after [\d,]+ ms, then [\d,.]+ texts/s\n", result.output)
    assert [1, 1] == [len(texts) for texts in inputs[:2]]
    assert 1 + 256 == sum(map(len, inputs))


def test_a_speed_can_be_printed_as_json(models_folder: ModelsFolder) -> None:
    with prepared_runtime(models_folder.socket, {CHAT: stream("The", " lamp")}):
        speed = msgspec.json.decode(invoke(models_folder, "lamp", "--json").output, type=Speed)

    assert ("lamp", "tokens/s") == (speed.model, speed.unit)
    assert speed.first_s > 0
    assert speed.per_s > 0


def test_a_reranking_model_is_not_measured(models_folder: ModelsFolder) -> None:
    with (
        prepared_runtime(models_folder.socket, {}),
        pytest.raises(RequestInvalid, match="reranker is a reranking model"),
    ):
        invoke(models_folder, "reranker")


def test_an_unknown_model_is_reported_without_a_runtime(models_folder: ModelsFolder) -> None:
    with pytest.raises(ModelUnknown, match="There is no model 'oil'"):
        invoke(models_folder, "oil")


def test_nothing_is_measured_while_another_program_has_to_start_the_runtime(models_folder: ModelsFolder) -> None:
    with pytest.raises(ModelUnavailable, match="The model runtime is not running"):
        invoke(models_folder, "lamp")


def test_the_error_of_a_model_ends_the_measurement(models_folder: ModelsFolder) -> None:
    answers = {CHAT: ModelUnavailable("lamp needs more memory.")}

    with prepared_runtime(models_folder.socket, answers), pytest.raises(ModelUnavailable, match="needs more memory"):
        invoke(models_folder, "lamp")

"""The runtime answers requests: it finds and loads the model, waits for the device, and retries after a crash."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from fakes.model_processes import CONTEXT, FakeProcesses, Hold, fake_runtime, finished, vector_of
from fakes.model_runtime import answer, chat_request

from models.child.frames import Generate, Piece, Working
from models.child.length import MAX_BYTES_PER_TOKEN, MAX_TEXT_BYTES
from models.errors import ModelCrashed, ModelError, ModelUnknown, QueueFull, RequestInvalid
from models.messages import ServiceTier
from models.runtime.generation_events import Alive, GenerationEvent, Loading, Waiting
from models.runtime.model_runtime import MIN_CONTEXT, ModelRuntime
from models.runtime.models_in_memory import LoadedModel
from models.settings import RuntimeSettings

Result = TypeVar("Result")
Scene = Callable[[ModelRuntime], Awaitable[Result]]


def run(
    folder: Path, scene: Scene[Result], settings: RuntimeSettings | None = None, *, heartbeat_s: float = 60
) -> Result:
    """Run a scene with a runtime, and close the runtime afterwards."""

    async def work() -> Result:
        runtime = fake_runtime(folder, settings, heartbeat_s=heartbeat_s)
        try:
            return await asyncio.wait_for(scene(runtime), 20)
        finally:
            await runtime.close()

    return asyncio.run(work())


async def generate(runtime: ModelRuntime, request: Generate | None = None) -> list[GenerationEvent]:
    return [event async for event in runtime.generate("chat", request or chat_request("Why?"))]


async def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - it becomes true in one of the next turns of this loop
        await asyncio.sleep(0)


def test_vectors_are_in_the_order_of_their_texts(tmp_path: Path, processes: FakeProcesses) -> None:
    async def scene(runtime: ModelRuntime) -> tuple[list[bytes], int]:
        return await runtime.embed("embed", ["river", "oil", "river"])

    vectors, tokens = run(tmp_path, scene)

    assert [vector_of("river"), vector_of("oil"), vector_of("river")] == vectors
    assert 2 == tokens


def test_equal_texts_are_computed_once(tmp_path: Path, processes: FakeProcesses) -> None:
    async def scene(runtime: ModelRuntime) -> None:
        await runtime.embed("embed", ["river", "oil", "river"])

    run(tmp_path, scene)

    assert [["oil", "river"]] == [sorted(texts) for texts in processes.embedded]


def test_only_texts_without_a_cached_vector_are_computed(tmp_path: Path, processes: FakeProcesses) -> None:
    async def scene(runtime: ModelRuntime) -> tuple[list[bytes], int]:
        await runtime.embed("embed", ["river", "oil"])
        return await runtime.embed("embed", ["oil", "a lamp", "river"])

    vectors, tokens = run(tmp_path, scene)

    assert [vector_of("oil"), vector_of("a lamp"), vector_of("river")] == vectors
    assert 2 == tokens
    assert ["a lamp"] == processes.embedded[1]


def test_cached_vectors_need_no_model_and_no_tokens(tmp_path: Path, processes: FakeProcesses) -> None:
    async def scene(runtime: ModelRuntime) -> tuple[list[bytes], int]:
        await runtime.embed("embed", ["river"])
        await runtime.residency.unload("embed")
        return await runtime.embed("embed", ["river"])

    assert ([vector_of("river")], 0) == run(tmp_path, scene)
    assert ["embed"] == processes.started


def test_fresh_vectors_are_computed_again(tmp_path: Path, processes: FakeProcesses) -> None:
    async def scene(runtime: ModelRuntime) -> None:
        await runtime.embed("embed", ["river"])
        await runtime.embed("embed", ["river"], fresh=True)

    run(tmp_path, scene)

    assert [["river"], ["river"]] == processes.embedded


def test_vectors_of_flex_requests_are_not_cached(tmp_path: Path, processes: FakeProcesses) -> None:
    async def scene(runtime: ModelRuntime) -> None:
        await runtime.embed("embed", ["river"], tier=ServiceTier.FLEX)
        await runtime.embed("embed", ["river"])

    run(tmp_path, scene)

    assert [["river"], ["river"]] == processes.embedded


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "`input` must contain from 1 to 2048 texts, not 0"),
        (["a"] * 2049, "`input` must contain from 1 to 2048 texts, not 2049"),
        (["a" * (MAX_TEXT_BYTES + 1)], "`input` contains a text of 262,145 bytes"),
    ],
)
def test_an_invalid_number_or_length_of_texts_is_refused(
    tmp_path: Path, processes: FakeProcesses, texts: list[str], message: str
) -> None:
    with pytest.raises(RequestInvalid, match=message):
        run(tmp_path, lambda runtime: runtime.embed("embed", texts))
    assert [] == processes.started


def test_documents_get_scores_in_their_order(tmp_path: Path, processes: FakeProcesses) -> None:
    documents = ["a ship", "bread and fish", "fish"]
    scores = run(tmp_path, lambda runtime: runtime.rerank("rerank", "bread fish", documents, max_ms=None))

    assert [0, 2, 1] == scores.scores


@pytest.mark.parametrize(
    ("query", "documents", "message"),
    [
        ("fish", [], "`documents` must contain from 1 to 2048 texts, not 0"),
        ("fish", ["a"] * 2049, "`documents` must contain from 1 to 2048 texts, not 2049"),
        ("a" * (MAX_TEXT_BYTES + 1), ["fish"], "`query` contains a text of 262,145 bytes"),
        ("fish", ["a" * (MAX_TEXT_BYTES + 1)], "`documents` contains a text of 262,145 bytes"),
    ],
)
def test_an_invalid_ranking_request_is_refused(
    tmp_path: Path, processes: FakeProcesses, query: str, documents: list[str], message: str
) -> None:
    with pytest.raises(RequestInvalid, match=message):
        run(tmp_path, lambda runtime: runtime.rerank("rerank", query, documents, max_ms=None))
    assert [] == processes.started


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        (lambda runtime: runtime.embed("chat", ["river"]), "chat is a model for chat, not for embed"),
        (
            lambda runtime: runtime.rerank("embed", "a", ["b"], max_ms=None),
            "embed is a model for embed, not for rerank",
        ),
        (lambda runtime: answer(runtime, "rerank", "Why?"), "rerank is a model for rerank, not for chat"),
    ],
)
def test_a_model_of_another_role_is_refused(
    tmp_path: Path, processes: FakeProcesses, scene: Scene[object], message: str
) -> None:
    with pytest.raises(RequestInvalid, match=message):
        run(tmp_path, scene)
    assert [] == processes.started


@pytest.mark.parametrize(
    "scene",
    [
        lambda runtime: runtime.embed("missing", ["river"]),
        lambda runtime: runtime.rerank("missing", "a", ["b"], max_ms=None),
        lambda runtime: answer(runtime, "missing", "Why?"),
        lambda runtime: runtime.plan("missing"),
    ],
)
def test_the_error_for_an_unknown_model_lists_the_available_models(
    tmp_path: Path, processes: FakeProcesses, scene: Scene[object]
) -> None:
    with pytest.raises(ModelUnknown, match=r"There is no model 'missing'\. Available models: .*chat"):
        run(tmp_path, scene)


def test_a_generation_has_its_events_in_order(tmp_path: Path, processes: FakeProcesses) -> None:
    processes.answers = [[Working(0, 5, 5), "In the ", "beginning", finished()]]
    written = [Working(0, 5, 5), Piece(0, "In the "), Piece(0, "beginning"), finished()]

    assert [Loading("chat"), *written] == run(tmp_path, generate)


def test_only_the_first_request_loads_the_model(tmp_path: Path, processes: FakeProcesses) -> None:
    async def scene(runtime: ModelRuntime) -> list[GenerationEvent]:
        await generate(runtime)
        return await generate(runtime)

    assert Loading("chat") not in run(tmp_path, scene)
    assert ["chat"] == processes.started


def test_a_waiting_request_gets_its_position_in_the_queue(tmp_path: Path, processes: FakeProcesses) -> None:
    hold = Hold()
    processes.answers = [[hold, finished()], ["Amen.", finished()]]

    async def scene(runtime: ModelRuntime) -> list[GenerationEvent]:
        first = asyncio.create_task(generate(runtime))
        await hold.reached.wait()
        second = asyncio.create_task(generate(runtime))
        await wait_until(lambda: len(runtime.devices["cpu"].generations.queue) == 1)
        hold.released.set()
        await first
        return await second

    assert [Waiting(1), Piece(0, "Amen."), finished()] == run(tmp_path, scene)


def test_a_full_queue_of_questions_refuses_questions_but_not_searches(tmp_path: Path, processes: FakeProcesses) -> None:
    hold = Hold()
    processes.answers = [[hold, finished()]]

    async def scene(runtime: ModelRuntime) -> list[bytes]:
        running = asyncio.create_task(generate(runtime))
        await hold.reached.wait()
        waiting = asyncio.create_task(generate(runtime))
        await wait_until(lambda: len(runtime.devices["cpu"].generations.queue) == 1)
        with pytest.raises(QueueFull, match="The queue for cpu is full: 1 requests are waiting"):
            await generate(runtime)
        vectors, _ = await runtime.embed("embed", ["river"])
        hold.released.set()
        await asyncio.gather(running, waiting)
        return vectors

    assert [vector_of("river")] == run(tmp_path, scene, RuntimeSettings(queue_capacity=1))


def test_a_process_that_dies_before_the_first_text_is_started_again(tmp_path: Path, processes: FakeProcesses) -> None:
    processes.answers = [[Working(0, 2, 5), ModelCrashed("It died.")], ["Amen.", finished()]]

    async def scene(runtime: ModelRuntime) -> str:
        text, _ = await answer(runtime, "chat", "Why?")
        return text

    assert "Amen." == run(tmp_path, scene)
    assert ["chat", "chat"] == processes.started


def test_a_process_that_dies_after_the_first_text_ends_its_answer_with_an_error(
    tmp_path: Path, processes: FakeProcesses
) -> None:
    processes.answers = [["In the ", ModelCrashed("It died.")], ["Amen.", finished()]]

    async def scene(runtime: ModelRuntime) -> tuple[list[GenerationEvent], str]:
        events: list[GenerationEvent] = []
        with pytest.raises(ModelCrashed, match="It died"):
            async for event in runtime.generate("chat", chat_request("Why?")):
                events.append(event)  # noqa: PERF401 - the events before the error
        text, _ = await answer(runtime, "chat", "Why?")
        return events, text

    events, next_text = run(tmp_path, scene)

    assert Piece(0, "In the ") == events[-1]
    assert "Amen." == next_text
    assert 2 == len(processes.generations)


def test_a_process_that_dies_at_both_attempts_is_an_error(tmp_path: Path, processes: FakeProcesses) -> None:
    processes.answers = [[ModelCrashed("It died.")]]

    with pytest.raises(ModelCrashed, match="It died"):
        run(tmp_path, generate)
    assert 2 == len(processes.generations)


@pytest.mark.parametrize("error", [RequestInvalid("The grammar is invalid."), ModelError("The model failed.")])
def test_an_error_of_the_request_is_not_retried(tmp_path: Path, processes: FakeProcesses, error: ModelError) -> None:
    processes.answers = [[error], ["Amen.", finished()]]

    with pytest.raises(type(error), match=error.message):
        run(tmp_path, generate)
    assert 1 == len(processes.generations)


def test_closing_the_events_stops_the_model_and_frees_its_device(tmp_path: Path, processes: FakeProcesses) -> None:
    processes.answers = [["In the ", Hold(), finished()], ["Amen.", finished()]]

    async def scene(runtime: ModelRuntime) -> str:
        async with contextlib.aclosing(runtime.generate("chat", chat_request("Why?"))) as events:
            async for event in events:
                if isinstance(event, Piece):
                    break
        assert 0 == runtime.residency.users_of("chat")
        text, _ = await answer(runtime, "chat", "Why?")
        return text

    assert "Amen." == run(tmp_path, scene)
    assert 1 == processes.complete_generations


def test_the_model_does_not_wait_for_a_slow_reader(tmp_path: Path, processes: FakeProcesses) -> None:
    async def scene(runtime: ModelRuntime) -> list[GenerationEvent]:
        events = runtime.generate("chat", chat_request("Why?"))
        first = await anext(events)
        await wait_until(lambda: processes.complete_generations == 1)
        return [first, *[event async for event in events]]

    assert [Loading("chat"), Piece(0, "In the "), Piece(0, "beginning"), finished()] == run(tmp_path, scene)


def test_a_generation_without_news_has_a_heartbeat(tmp_path: Path, processes: FakeProcesses) -> None:
    hold = Hold()
    processes.answers = [["In the ", hold, "beginning", finished()]]

    async def scene(runtime: ModelRuntime) -> list[GenerationEvent]:
        events: list[GenerationEvent] = []
        async for event in runtime.generate("chat", chat_request("Why?")):
            events.append(event)
            if isinstance(event, Alive):
                hold.released.set()
        return events

    events = run(tmp_path, scene, heartbeat_s=0.001)

    assert Alive() in events
    assert ["In the ", "beginning"] == [event.text for event in events if isinstance(event, Piece)]


def test_a_prompt_longer_than_any_context_is_refused_before_the_model_is_loaded(
    tmp_path: Path, processes: FakeProcesses
) -> None:
    settings = RuntimeSettings(context=256)
    prompt = "a" * (MIN_CONTEXT * MAX_BYTES_PER_TOKEN + 1)

    with pytest.raises(RequestInvalid, match=r"A context of 2,048 tokens has room for at most 32,768\."):
        run(tmp_path, lambda runtime: answer(runtime, "chat", prompt), settings)
    assert [] == processes.started


def test_the_limit_of_a_loaded_model_is_the_context_that_its_process_reported(
    tmp_path: Path, processes: FakeProcesses
) -> None:
    prompt = "a" * (CONTEXT * MAX_BYTES_PER_TOKEN + 1)

    async def scene(runtime: ModelRuntime) -> None:
        await answer(runtime, "chat", "Why?")
        await answer(runtime, "chat", prompt)

    with pytest.raises(RequestInvalid, match="A context of 512 tokens"):
        run(tmp_path, scene)
    assert 1 == len(processes.generations)


def test_a_plan_is_made_without_loading_the_model(tmp_path: Path, processes: FakeProcesses) -> None:
    plan = run(tmp_path, lambda runtime: runtime.plan("chat"))

    assert ("chat", "cpu", 2) == (plan.model, plan.device, plan.threads)
    assert [] == processes.started


def test_tokens_and_texts_are_counted(tmp_path: Path, processes: FakeProcesses) -> None:
    async def scene(runtime: ModelRuntime) -> list[str]:
        await generate(runtime)
        await runtime.embed("embed", ["a lamp", "oil"])
        await runtime.embed("embed", ["oil"])
        await runtime.rerank("rerank", "oil", ["oil", "a lamp"], max_ms=None)
        return runtime.metrics.text().decode().splitlines()

    lines = run(tmp_path, scene)

    for line in (
        'prompt_tokens_total{model="chat"} 5.0',
        'reused_tokens_total{model="chat"} 1.0',
        'completion_tokens_total{model="chat"} 2.0',
        'first_token_seconds_count{model="chat"} 1.0',
        'prompt_tokens_total{model="embed"} 3.0',
        'embedded_texts_total{source="embedded"} 2.0',
        'embedded_texts_total{source="known"} 1.0',
        'prompt_tokens_total{model="rerank"} 6.0',
    ):
        assert f"lampstand_models_{line}" in lines


def test_closing_the_runtime_ends_its_processes_and_keeps_cached_vectors(
    tmp_path: Path, processes: FakeProcesses
) -> None:
    async def embed_and_list(runtime: ModelRuntime) -> list[LoadedModel]:
        await runtime.embed("embed", ["river"])
        return runtime.residency.loaded_models()

    loaded = run(tmp_path, embed_and_list)

    assert [("embed", False)] == [(model.model.id, model.child.alive) for model in loaded]
    assert ([vector_of("river")], 0) == run(tmp_path, lambda runtime: runtime.embed("embed", ["river"]))

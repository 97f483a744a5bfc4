"""If a model's process is killed, hangs or takes too much memory, only the current request fails. The next request works."""

import asyncio
import os
import random
import signal
import time
from pathlib import Path

import psutil
import pytest
from fakes.model_runtime import WITH_MISBEHAVING, add_misbehaving, answer, chat_request, running_runtime

from appliance.infrastructure.paths import DataFolder
from models.catalogue.catalogue import Catalogue
from models.catalogue.model import ModelRole
from models.catalogue.packaged import MINILM
from models.child.frames import GenerationFinished, Piece
from models.client import Client
from models.errors import ModelCrashed, ModelError, RequestInvalid
from models.runtime.model_runtime import ModelRuntime
from models.settings import RuntimeSettings
from server.benchmarks.random_model import Shape, write_random_model

ROUNDS, SOAK_ROUNDS = 20, 200
TESTS = str(Path(__file__).parents[1])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder with a model that misbehaves. The child processes can import the backend of this model."""
    monkeypatch.setenv("PYTHONPATH", TESTS)
    add_misbehaving(tmp_path / "models")
    add_misbehaving(tmp_path / "models", name="embedder", role=ModelRole.EMBED)
    return tmp_path / "models"


@pytest.fixture
def slow_folder(tmp_path: Path, runtime_folder: DataFolder, runtime: Client) -> Path:
    """A models folder with a slow chat model, and the exported embedding model."""
    from fakes.tiny_gguf import make_tiny_gguf

    runtime.embed(["ready"], model=MINILM)
    target = tmp_path / "models"
    target.mkdir()
    (target / f"{MINILM}-onnx").symlink_to(runtime_folder.models / f"{MINILM}-onnx")
    asyncio.run(Catalogue(target).add(make_tiny_gguf(tmp_path / "slow.gguf", layers=60)))
    return target


def child_of(runtime: ModelRuntime, model: str) -> int:
    return next(resident.child.pid for resident in runtime.residency.loaded_models() if resident.model.id == model)


def test_a_killed_process_ends_its_stream_with_an_error_and_the_next_request_works(slow_folder: Path) -> None:
    async def scene() -> tuple[list[str], ModelError, str, list[bytes]]:
        async with running_runtime(slow_folder) as runtime:
            await runtime.embed(MINILM, ["one"])
            pieces, failure = [], None
            try:
                async for event in runtime.generate("slow", chat_request("Hello", max_tokens=4000)):
                    if isinstance(event, Piece):
                        pieces.append(event.text)
                        if len(pieces) == 3:
                            os.kill(child_of(runtime, "slow"), signal.SIGKILL)
            except ModelError as error:
                failure = error
            assert failure is not None
            vectors, _ = await runtime.embed(MINILM, ["two"])
            again, _ = await answer(runtime, "slow", "Hello")
            return pieces, failure, again, vectors

    pieces, failure, again, vectors = asyncio.run(scene())

    assert len(pieces) >= 3
    assert isinstance(failure, ModelCrashed)
    assert "SIGKILL" in failure.message
    assert "next request starts the model again" in failure.message
    assert again
    assert vectors


def test_the_user_does_not_notice_a_process_that_dies_before_the_first_text(slow_folder: Path) -> None:
    async def scene() -> str:
        async with running_runtime(slow_folder) as runtime:
            await answer(runtime, "slow", "Hello")
            question = "word " * 900
            request = asyncio.create_task(answer(runtime, "slow", question))
            while not runtime.residency.users_of("slow"):  # noqa: ASYNC110 - the request starts in the next turns of this loop
                await asyncio.sleep(0)
            os.kill(child_of(runtime, "slow"), signal.SIGKILL)
            text, _ = await request
            return text

    assert asyncio.run(scene())


def test_the_watchdog_stops_a_process_that_hangs(folder: Path) -> None:
    async def scene() -> tuple[ModelError, str, float]:
        async with running_runtime(folder, RuntimeSettings(hang_timeout_s=1.0), backends=WITH_MISBEHAVING) as runtime:
            await answer(runtime, "misbehaving", "hello")
            began = time.monotonic()
            with pytest.raises(ModelCrashed) as failed:
                await answer(runtime, "misbehaving", "hang")
            took = time.monotonic() - began
            text, _ = await answer(runtime, "misbehaving", "hello")
            return failed.value, text, took

    failure, text, took = asyncio.run(scene())

    assert "gave no sign of life for 1 seconds" in failure.message
    assert "begun and done" == text
    assert took < 10


def test_an_endless_chat_template_is_stopped_and_its_process_survives(tmp_path: Path) -> None:
    rounds = "{% for each in range(99999) %}"
    endless = (
        "{% if messages[0].content == 'stop' %}"
        + rounds * 4
        + "{% endfor %}" * 4
        + "{% endif %}{{ messages[0].content }}"
    )
    file = write_random_model(tmp_path / "chat.gguf", Shape(template=endless))

    async def scene() -> tuple[ModelError, float, bool, str]:
        await Catalogue(tmp_path / "models").add(file)
        async with running_runtime(tmp_path / "models") as runtime:
            await answer(runtime, "chat", "hello")
            process, began = child_of(runtime, "chat"), time.monotonic()
            with pytest.raises(RequestInvalid) as failed:
                await answer(runtime, "chat", "stop")
            took = time.monotonic() - began
            text, _ = await answer(runtime, "chat", "hello")
            return failed.value, took, process == child_of(runtime, "chat"), text

    failure, took, same_process, text = asyncio.run(scene())

    assert "chat template took more than 10 seconds" in failure.message
    assert took < 20
    assert same_process
    assert text


def test_a_suspended_process_counts_as_hanging(slow_folder: Path) -> None:
    async def scene() -> ModelError:
        async with running_runtime(slow_folder, RuntimeSettings(hang_timeout_s=1.0)) as runtime:
            await answer(runtime, "slow", "Hello")
            with pytest.raises(ModelCrashed) as failed:
                async for event in runtime.generate("slow", chat_request("Hello", max_tokens=4000)):
                    if isinstance(event, Piece):
                        os.kill(child_of(runtime, "slow"), signal.SIGSTOP)
            assert await answer(runtime, "slow", "Hello")
            return failed.value

    assert "no sign of life" in asyncio.run(scene()).message


def test_a_process_cannot_exceed_its_memory_limit(folder: Path) -> None:
    settings = RuntimeSettings(child_memory_mib=512)

    async def scene() -> tuple[ModelError, str, int]:
        async with running_runtime(folder, settings, backends=WITH_MISBEHAVING) as runtime:
            await answer(runtime, "misbehaving", "hello")
            before = psutil.virtual_memory().available
            with pytest.raises(ModelCrashed) as failed:
                await answer(runtime, "misbehaving", "eat")
            text, _ = await answer(runtime, "misbehaving", "hello")
            return failed.value, text, before - psutil.virtual_memory().available

    failure, text, lost_bytes = asyncio.run(scene())

    assert "needed more memory than planned" in failure.message
    assert "begun and done" == text
    assert lost_bytes < 512 * 2**20


def test_only_the_text_that_crashes_the_library_fails_not_the_other_texts_of_its_pass(folder: Path) -> None:
    async def scene() -> list[object]:
        async with running_runtime(folder, backends=WITH_MISBEHAVING) as runtime:
            await runtime.embed("embedder", ["ready"])
            texts = ["first", *(f"text {number}" for number in range(5)), "crash", "last"]
            requests = [runtime.embed("embedder", [text]) for text in texts]
            return await asyncio.gather(*requests, return_exceptions=True)

    *others, faulty, last = asyncio.run(scene())

    assert isinstance(faulty, ModelCrashed)
    assert not [outcome for outcome in [*others, last] if isinstance(outcome, BaseException)]


def test_child_processes_die_with_the_runtime(slow_folder: Path) -> None:
    async def scene() -> int:
        async with running_runtime(slow_folder) as runtime:
            await answer(runtime, "slow", "Hello")
            return child_of(runtime, "slow")

    assert not psutil.pid_exists(asyncio.run(scene()))


def test_killing_a_child_process_at_any_time_fails_only_its_own_request(
    slow_folder: Path, request: pytest.FixtureRequest
) -> None:
    """Streams, embeddings and kills start at random moments. A stream may fail only if the process of its model was killed."""
    rounds = SOAK_ROUNDS if request.config.getoption("--soak") else ROUNDS
    chance = random.Random(11)

    async def stream(runtime: ModelRuntime, number: int) -> str:
        pieces = []
        try:
            async for event in runtime.generate(
                "slow", chat_request(f"Question {number}", max_tokens=30), user=str(number)
            ):
                if isinstance(event, Piece):
                    pieces.append(event.text)
                if isinstance(event, GenerationFinished):
                    return "complete"
        except ModelCrashed:
            return "killed" if pieces else "lost before the first text"
        return "ended without text"

    async def embed(runtime: ModelRuntime, number: int) -> str:
        vectors, _ = await runtime.embed(MINILM, [f"text {number} {index}" for index in range(3)])
        return "complete" if len(vectors) == 3 else "lost"

    async def scene() -> tuple[list[str], list[str], int]:
        async with running_runtime(slow_folder) as runtime:
            await asyncio.gather(stream(runtime, -1), embed(runtime, -1))
            streams, embeddings, kills = [], [], 0
            for number in range(rounds):
                tasks = [asyncio.create_task(stream(runtime, 10 * number + index)) for index in range(2)]
                tasks += [asyncio.create_task(embed(runtime, 10 * number + index)) for index in range(2)]
                await asyncio.sleep(chance.uniform(0, 0.15))
                victims = runtime.residency.loaded_models()
                if victims:
                    os.kill(chance.choice(victims).child.pid, signal.SIGKILL)
                    kills += 1
                one, two, three, four = await asyncio.gather(*tasks)
                streams += [one, two]
                embeddings += [three, four]
            return streams, embeddings, kills

    streams, embeddings, kills = asyncio.run(scene())

    assert kills > rounds // 2
    assert {"complete"} == set(embeddings)
    assert {"complete", "killed"} >= set(streams)
    # A killed process was generating for at most one stream, so each kill can end at most one stream.
    assert streams.count("killed") <= kills

"""Replacements for the processes of models. They run inside the process of the test, and answer by simple rules."""

import asyncio
import struct
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import pytest
from fakes.model_runtime import add_misbehaving

from models.catalogue.catalogue import Catalogue
from models.catalogue.model import ModelRole
from models.child.frames import Generate, GenerationFinished, Loaded, Piece, Scores, Vectors, Working
from models.child.process import ChildProcess
from models.errors import ModelCrashed, ModelError
from models.probe.devices import MachineResources, Memory, Processor
from models.runtime.model_runtime import ModelRuntime
from models.settings import RuntimeSettings

MIB, GIB = 2**20, 2**30
PID = 4711
TAKEN_BYTES = 7 * MIB
CONTEXT = 512


class Hold:
    """A place where a process waits until the test sets `released`. `reached` is set when it waits."""

    def __init__(self) -> None:
        self.reached, self.released = asyncio.Event(), asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.released.wait()


# A step of an answer: a text, another frame, an error, or a wait.
Step = str | Working | GenerationFinished | ModelError | Hold


def finished(reason: str = "stop") -> GenerationFinished:
    return GenerationFinished(id=0, reason=reason, prompt_tokens=5, completion_tokens=2, reused_tokens=1)


class FakeProcesses:
    """Replaces the start of child processes. `started` has the names of the models that were started, in order.

    The first generation does the steps of the first answer in `answers`, the second those of the second, and so on. When
    `answers` ends, its last answer is repeated. `load_errors` are the errors of the first starts.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[Sequence[Step]] = [["In the ", "beginning", finished()]]
        self.load_errors: list[ModelError] = []
        self.load_hold: Hold | None = None
        self.pass_hold: Hold | None = None
        self.max_scored = 100
        self.started: list[str] = []
        self.generations: list[Generate] = []
        self.complete_generations = 0
        self.embedded: list[list[str]] = []
        self.on_start: Callable[[], None] = lambda: None
        monkeypatch.setattr(ChildProcess, "start", self._start)

    def next_answer(self) -> Sequence[Step]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def _start(self, name: str, *_arguments: object, **_options: object) -> "FakeProcess":
        if self.load_hold:
            await self.load_hold.wait()
        if self.load_errors:
            raise self.load_errors.pop(0)
        self.started.append(name)
        self.on_start()
        return FakeProcess(self)


class FakeProcess:
    """Replaces a model's process.

    The vector of a text is (length of the text, 1). The score of a document is the number of its words that are in the query.
    """

    pid = PID

    def __init__(self, processes: FakeProcesses) -> None:
        self.loaded = Loaded(TAKEN_BYTES, 0.5, context=CONTEXT)
        self.alive = True
        self.on_death: Callable[[], None] = lambda: None
        self._processes = processes

    async def embed(self, texts: list[str]) -> Vectors:
        await self._wait_for_release()
        self._processes.embedded.append(texts)
        data = b"".join(vector_of(text) for text in texts)
        return Vectors(1, len(texts), data, sum(len(text.split()) for text in texts))

    async def rerank(self, query: str, documents: list[str], _max_ms: int | None) -> Scores:
        await self._wait_for_release()
        words = query.split()
        scores = [float(sum(word in words for word in document.split())) for document in documents]
        return Scores(1, scores[: self._processes.max_scored], 3 * len(documents))

    async def generate(self, request: Generate) -> AsyncGenerator[Working | Piece | GenerationFinished, None]:
        self._processes.generations.append(request)
        for step in self._processes.next_answer():
            if isinstance(step, Hold):
                await step.wait()
            elif isinstance(step, ModelCrashed):
                await self.end()
                raise step
            elif isinstance(step, ModelError):
                raise step
            else:
                yield Piece(0, step) if isinstance(step, str) else step
        self._processes.complete_generations += 1

    async def end(self) -> None:
        self.alive = False
        self.on_death()

    async def _wait_for_release(self) -> None:
        if self._processes.pass_hold:
            await self._processes.pass_hold.wait()


def vector_of(text: str) -> bytes:
    return struct.pack("<2f", len(text), 1)


async def small_machine(**_options: bool) -> MachineResources:
    """Replaces the probe: a machine without GPUs."""
    return MachineResources(
        processor=Processor(name="a processor", cores=2, features=[]), memory=Memory(total=16 * GIB, available=8 * GIB)
    )


def fake_runtime(folder: Path, settings: RuntimeSettings | None = None, *, heartbeat_s: float = 60) -> ModelRuntime:
    """Return a runtime with three models, which have the names of their roles: chat, embed and rerank."""
    for role in ModelRole:
        add_misbehaving(folder, name=role.value, role=role)
    return ModelRuntime(
        Catalogue(folder), settings, probe=small_machine, backends={"misbehaving": ""}, heartbeat_s=heartbeat_s
    )

"""How many threads a chat model writes with, before and after they are measured."""

from pathlib import Path

import pytest

from models.catalogue.model import Model, ModelRole
from models.child.frames import ThreadRate
from models.probe.devices import Processor
from models.runtime.writing_threads import ThreadChoice, ThreadMemory, thread_candidates

MODEL = Model(id="m", role=ModelRole.CHAT, backend="llama_cpp", path="", size=0, sha256="abc", licence="", source="")
PROCESSOR = Processor(name="cpu", cores=4, features=["avx2"])
RATES = [ThreadRate(3, 90, 80), ThreadRate(4, 100, 20)]


@pytest.mark.parametrize(
    ("cores", "candidates"), [(1, ()), (2, (1, 2)), (3, (2, 3)), (4, (2, 3, 4)), (16, (8, 15, 16))]
)
def test_all_cores_one_less_and_half_are_measured(cores: int, candidates: tuple[int, ...]) -> None:
    assert candidates == thread_candidates(cores)


def test_one_core_of_many_is_left_to_others_until_a_model_is_measured(tmp_path: Path) -> None:
    memory = ThreadMemory(tmp_path)

    assert ThreadChoice(3, (2, 3, 4)) == memory.choose(MODEL, PROCESSOR, on_gpu=False)
    assert ThreadChoice(3) == memory.choose(MODEL, PROCESSOR, on_gpu=True)
    assert ThreadChoice(2) == ThreadMemory(tmp_path, fixed=2).choose(MODEL, PROCESSOR, on_gpu=False)
    assert ThreadChoice(1) == memory.choose(MODEL, Processor(name="cpu", cores=1, features=[]), on_gpu=False)
    assert ThreadChoice(2, (1, 2)) == memory.choose(MODEL, Processor(name="cpu", cores=2, features=[]), on_gpu=False)


def test_what_was_measured_is_remembered_by_model(tmp_path: Path) -> None:
    ThreadMemory(tmp_path).remember(MODEL, PROCESSOR, RATES)
    other = Model(
        id="n", role=ModelRole.CHAT, backend="llama_cpp", path="", size=0, sha256="def", licence="", source=""
    )
    ThreadMemory(tmp_path).remember(other, PROCESSOR, [ThreadRate(4, 100, 99)])
    memory = ThreadMemory(tmp_path)

    assert ThreadChoice(3) == memory.choose(MODEL, PROCESSOR, on_gpu=False)
    assert ThreadChoice(4) == memory.choose(other, PROCESSOR, on_gpu=False)


def test_another_processor_or_library_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = ThreadMemory(tmp_path)
    memory.remember(MODEL, PROCESSOR, RATES)
    replaced = Processor(name="another", cores=4, features=["avx2"])
    assert ThreadChoice(3, (2, 3, 4)) == memory.choose(MODEL, replaced, on_gpu=False)
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "99")

    assert ThreadChoice(3, (2, 3, 4)) == memory.choose(MODEL, PROCESSOR, on_gpu=False)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"machine": 1}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "threads.json").write_bytes(content)
    memory = ThreadMemory(tmp_path)
    assert (2, 3, 4) == memory.choose(MODEL, PROCESSOR, on_gpu=False).candidates
    memory.remember(MODEL, PROCESSOR, RATES)

    assert ThreadChoice(3) == memory.choose(MODEL, PROCESSOR, on_gpu=False)


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    ThreadMemory(tmp_path / "missing").remember(MODEL, PROCESSOR, RATES)

    assert not (tmp_path / "missing").exists()

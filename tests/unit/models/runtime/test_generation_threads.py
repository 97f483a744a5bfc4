"""The number of threads of a chat model, before and after the measurement."""

from pathlib import Path

import pytest

from models.catalogue.model import Model, ModelRole
from models.child.frames import ThreadRate
from models.probe.devices import Processor
from models.runtime.generation_threads import ThreadChoice, ThreadMeasurements, thread_candidates

MODEL = Model(id="m", role=ModelRole.CHAT, backend="llama_cpp", path="", size=0, sha256="abc", licence="", source="")
PROCESSOR = Processor(name="cpu", cores=4, features=["avx2"])
RATES = [ThreadRate(3, 90, 80), ThreadRate(4, 100, 20)]


@pytest.mark.parametrize(
    ("cores", "candidates"), [(1, ()), (2, (1, 2)), (3, (2, 3)), (4, (2, 3, 4)), (16, (8, 15, 16))]
)
def test_all_cores_one_less_and_half_are_measured(cores: int, candidates: tuple[int, ...]) -> None:
    assert candidates == thread_candidates(cores)


def test_one_core_is_left_free_before_a_model_is_measured(tmp_path: Path) -> None:
    stored = ThreadMeasurements(tmp_path)

    assert ThreadChoice(3, (2, 3, 4)) == stored.choose(MODEL, PROCESSOR, on_gpu=False)
    assert ThreadChoice(3) == stored.choose(MODEL, PROCESSOR, on_gpu=True)
    assert ThreadChoice(2) == ThreadMeasurements(tmp_path, fixed=2).choose(MODEL, PROCESSOR, on_gpu=False)
    assert ThreadChoice(1) == stored.choose(MODEL, Processor(name="cpu", cores=1, features=[]), on_gpu=False)
    assert ThreadChoice(2, (1, 2)) == stored.choose(MODEL, Processor(name="cpu", cores=2, features=[]), on_gpu=False)


def test_measurements_are_stored_per_model(tmp_path: Path) -> None:
    ThreadMeasurements(tmp_path).store(MODEL, PROCESSOR, RATES)
    other = Model(
        id="n", role=ModelRole.CHAT, backend="llama_cpp", path="", size=0, sha256="def", licence="", source=""
    )
    ThreadMeasurements(tmp_path).store(other, PROCESSOR, [ThreadRate(4, 100, 99)])
    stored = ThreadMeasurements(tmp_path)

    assert ThreadChoice(3) == stored.choose(MODEL, PROCESSOR, on_gpu=False)
    assert ThreadChoice(4) == stored.choose(other, PROCESSOR, on_gpu=False)


def test_another_processor_or_library_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = ThreadMeasurements(tmp_path)
    stored.store(MODEL, PROCESSOR, RATES)
    replaced = Processor(name="another", cores=4, features=["avx2"])
    assert ThreadChoice(3, (2, 3, 4)) == stored.choose(MODEL, replaced, on_gpu=False)
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "99")

    assert ThreadChoice(3, (2, 3, 4)) == stored.choose(MODEL, PROCESSOR, on_gpu=False)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"machine": 1}'])
def test_a_damaged_file_counts_as_missing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "threads.json").write_bytes(content)
    stored = ThreadMeasurements(tmp_path)
    assert (2, 3, 4) == stored.choose(MODEL, PROCESSOR, on_gpu=False).candidates
    stored.store(MODEL, PROCESSOR, RATES)

    assert ThreadChoice(3) == stored.choose(MODEL, PROCESSOR, on_gpu=False)


def test_a_folder_that_is_not_writable_raises_no_error(tmp_path: Path) -> None:
    ThreadMeasurements(tmp_path / "missing").store(MODEL, PROCESSOR, RATES)

    assert not (tmp_path / "missing").exists()

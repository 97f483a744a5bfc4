"""What is measured of embedding, with torch and without it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source
from server.benchmarks.index import NothingToMeasure, measure_index
from server.bootstrap import Appliance

TEXT = "\\id JHN\n\\h John\n\\c 1\n\\p\n\\v 1 A lamp shone.\n\\v 2 The well was deep.\n"


class CountingEmbedder:
    """Gives every text the same vector, and counts the calls."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.calls = 0

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.calls += 1
        return [b"\0" * 4 * 383 + b"\0\0\x80?" for _ in texts]

    def prepare(self) -> None:
        """There is nothing to load."""


@pytest.fixture
def with_text(appliance: Appliance, tmp_path: Path) -> Appliance:
    file = tmp_path / "sample.usfm"
    file.write_text(TEXT, encoding="utf-8")
    with open_sources(str(file)) as sources:
        import_source(appliance.library, sources[0])
    return appliance


def measured(appliance: Appliance, torch: CountingEmbedder | None) -> dict[str, float | None]:
    onnx = CountingEmbedder("onnx")
    found = measure_index(appliance, onnx=onnx, torch=torch, on_progress=lambda _: None)
    assert onnx.calls > 0
    return {each.name: each.baseline for each in found}


def test_without_torch_what_compares_with_it_is_left_out(with_text: Appliance) -> None:
    assert {"onnx_per_s": None, "full_index_s": None, "verses": None} == measured(with_text, None)


def test_with_torch_the_two_take_turns(with_text: Appliance) -> None:
    torch = CountingEmbedder("torch")
    found = measured(with_text, torch)

    assert {"onnx_per_s", "torch_per_s", "onnx_over_torch", "full_index_s", "verses"} == found.keys()
    # Once to load it, and one call per round.
    assert 4 == torch.calls
    assert found["full_index_s"] is not None


def test_a_library_without_a_text_is_named(appliance: Appliance) -> None:
    with pytest.raises(NothingToMeasure, match="holds no text"):
        measured(appliance, None)

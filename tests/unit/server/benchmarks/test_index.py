"""The measurements of embedding, with and without torch."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source
from server.benchmarks.index import NothingToMeasure, measure_index
from server.bootstrap import Appliance

TEXT = "\\id JHN\n\\h John\n\\c 1\n\\p\n\\v 1 A lamp shone.\n\\v 2 The well was deep.\n"


class CountingEmbedder:
    """Returns the same vector for every text and counts the calls."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.calls = 0

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.calls += 1
        return [b"\0" * 4 * 383 + b"\0\0\x80?" for _ in texts]

    def prepare(self) -> None:
        """Do nothing: there is no model to load."""


@pytest.fixture
def with_translation(appliance: Appliance, tmp_path: Path) -> Appliance:
    file = tmp_path / "sample.usfm"
    file.write_text(TEXT, encoding="utf-8")
    with open_sources(str(file)) as sources:
        import_source(appliance.library, sources[0])
    return appliance


def measured(appliance: Appliance, torch: CountingEmbedder | None) -> dict[str, float | None]:
    onnx = CountingEmbedder("onnx")
    measurements = measure_index(appliance, onnx=onnx, torch=torch, on_progress=lambda _: None)
    assert onnx.calls > 0
    return {row.name: row.baseline for row in measurements}


def test_without_torch_the_comparisons_are_left_out(with_translation: Appliance) -> None:
    assert {"onnx_per_s": None, "full_index_s": None, "verses": None} == measured(with_translation, None)


def test_with_torch_both_embedders_are_measured(with_translation: Appliance) -> None:
    torch = CountingEmbedder("torch")
    measurements = measured(with_translation, torch)

    assert {"onnx_per_s", "torch_per_s", "onnx_over_torch", "full_index_s", "verses"} == measurements.keys()
    # Once to load it, and one call per round.
    assert 4 == torch.calls
    assert measurements["full_index_s"] is not None


def test_a_library_without_a_translation_is_rejected(appliance: Appliance) -> None:
    with pytest.raises(NothingToMeasure, match="has no translation"):
        measured(appliance, None)

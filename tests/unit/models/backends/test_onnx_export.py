"""When a graph is built, and when not. Its results are tested on the real model."""

from pathlib import Path

import msgspec
import pytest
from fakes.tiny_bert import make_tiny_bert

from models.backends.onnx_export import export, main
from models.backends.reference import read_reference
from models.errors import ModelUnavailable
from models.formats.folder import Manifest


def test_an_existing_graph_is_not_built_again(tmp_path: Path) -> None:
    built = Manifest(
        file="model.int8.onnx", precision="int8", mean_cosine=0.99, source_sha256=read_reference().weights_sha256
    )
    target = tmp_path / "m-onnx"
    target.mkdir()
    (target / "manifest.json").write_bytes(msgspec.json.encode(built))
    (target / "model.int8.onnx").write_bytes(b"graph")

    assert built == export(tmp_path / "weights that were removed", target)


def test_other_weights_than_those_of_the_recorded_vectors_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = make_tiny_bert(tmp_path / "tiny"), tmp_path / "m-onnx"
    with pytest.raises(ModelUnavailable, match="recorded vectors were not computed with the weights"):
        export(source, target)
    monkeypatch.setattr("sys.argv", ["onnx_export", str(source), str(target)])

    assert 1 == main()
    assert "recorded vectors were not computed with the weights" in capsys.readouterr().err
    assert not target.exists()

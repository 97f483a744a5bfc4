"""Build the ONNX folder of all-MiniLM-L6-v2 from its weights, in a separate process that frees the memory when it exits.

Weights are quantised to 8 bits per channel (per tensor, the mean cosine would be 0.03 lower). Processors without VNNI
need a reduced range of values. The vectors of the graph are compared with vectors that torch computed (`reference.py`).
If the mean cosine is below 0.98, the fp32 graph is used.

    python -m models.backends.onnx_export SOURCE TARGET
"""

import shutil
import sys
from pathlib import Path

import msgspec
import numpy as np

from models.backends import LoadOptions
from models.backends.onnx import OnnxBackend
from models.backends.reference import SENTENCES, ReferenceVectors, read_reference
from models.errors import ModelError, ModelUnavailable
from models.files import open_locked, sha256_of
from models.formats.folder import MANIFEST, Manifest, read_manifest

MIN_COSINE = 0.98
# If the fp32 graph has a lower mean cosine than this, it is not equivalent to the model in torch.
MIN_FP32_COSINE = 0.9999


def export(source: Path, target: Path) -> Manifest:
    """Build the ONNX folder `target` from the weights folder `source`. `target` appears only when it is complete.

    If several processes call this in parallel, only one builds the folder. Raises ModelFileRefused if the weights are not
    a supported BERT. Raises ModelUnavailable if a library is missing, or if the reference vectors were recorded from other
    weights.
    """
    reference = read_reference()
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_locked(target.with_name(f"{target.name}.lock")):
        built = read_manifest(target)
        if built and built.source_sha256 == reference.weights_sha256:
            return built
        return _build(source, target, reference)


def _build(source: Path, target: Path, reference: ReferenceVectors) -> Manifest:
    if sha256_of(source / "model.safetensors") != reference.weights_sha256:
        raise ModelUnavailable(f"The recorded vectors were not computed with the weights in {source}.")
    temporary = target.with_name(f"{target.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    shutil.copy(source / "tokenizer.json", temporary / "tokenizer.json")
    _save_fp32(source, temporary / "model.onnx")
    _quantise(temporary / "model.onnx", temporary / "model.int8.onnx")
    manifest = _measured(temporary, "model.int8.onnx", "int8", reference)
    if manifest.mean_cosine < MIN_COSINE:
        manifest = _measured(temporary, "model.onnx", "fp32", reference)
        if manifest.mean_cosine < MIN_FP32_COSINE:
            raise ModelUnavailable(
                f"The graph built from {source} does not compute the recorded vectors: "
                f"mean cosine {manifest.mean_cosine}."
            )
    for file in temporary.glob("*.onnx"):
        if file.name != manifest.file:
            file.unlink()
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    return manifest


def _save_fp32(source: Path, file: Path) -> None:
    try:
        import onnx

        from models.backends.bert_graph import build_bert_graph
    except ImportError as error:
        raise ModelUnavailable(f"{error.name} is not installed. `./packaging/run.sh` installs it.") from error
    onnx.save(build_bert_graph(source), str(file))


def _quantise(file: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(file), str(target), weight_type=QuantType.QInt8, per_channel=True, reduce_range=not _has_vnni()
    )


def _has_vnni() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and "vnni" in cpuinfo.read_text(encoding="utf-8")


def _measured(folder: Path, file: str, precision: str, reference: ReferenceVectors) -> Manifest:
    """Measure the mean cosine of a graph's vectors to the recorded vectors. Write the manifest and return it."""
    manifest = Manifest(file=file, precision=precision, mean_cosine=0.0, source_sha256=reference.weights_sha256)
    _write(folder, manifest)
    embedded, _ = OnnxBackend(LoadOptions(path=str(folder), threads=1)).embed(SENTENCES)
    vectors = np.stack([np.frombuffer(vector, "<f4") for vector in embedded])
    cosine = float(np.sum(vectors * reference.vectors, axis=1).mean())
    manifest = msgspec.structs.replace(manifest, mean_cosine=round(cosine, 4))
    _write(folder, manifest)
    return manifest


def _write(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))


def main() -> int:
    """Build the ONNX folder. If this fails, print one sentence on standard error."""
    try:
        manifest = export(Path(sys.argv[1]), Path(sys.argv[2]))
    except ModelError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    sys.stdout.write(msgspec.json.encode(manifest).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

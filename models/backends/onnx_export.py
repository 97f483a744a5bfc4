"""Export a sentence-transformers folder to ONNX, in a process of its own so that torch's memory goes with it.

Mean pooling and normalisation are part of the graph. Weights become 8-bit a channel (a tensor would cost 0.03 of mean
cosine); processors without VNNI need a reduced range. Where the result is less like torch than 0.98, fp32 is kept.

    python -m models.backends.onnx_export SOURCE TARGET
"""

import shutil
import sys
from pathlib import Path

import msgspec
import numpy as np

from models.backends import LoadOptions
from models.backends.onnx import OnnxBackend
from models.backends.sentence_transformers import SentenceTransformersBackend
from models.catalogue import sha256_of
from models.formats.folder import MANIFEST, Manifest

LEAST_COSINE = 0.98
OPSET = 17
# Plain prose of many lengths to compare on.
_SAMPLES = [
    "A lamp on a stand gives light to everyone in the house.",
    "Where is the nearest well?",
    "The sower went out to sow, and as he sowed, some seed fell along the road.",
    "Joy",
    "Do not be anxious about tomorrow.",
    "He built the tower of brick, and the men of the city watched him from the wall until the evening.",
    "What does it mean to forgive someone who is not sorry?",
    "Two hundred measures of barley, forty jars of oil, and a flock without blemish were sent before them.",
    "She said nothing, but she remembered all of it.",
    "The king's servants came to the river and found the boats gone, the nets cut, and the fire still warm.",
    "Peace to this house.",
    "If the rain comes late, the grain will be thin; if it comes early, the harvest will fail altogether.",
    "Who taught you to read the stars?",
    "An elder must be patient, not quarrelsome, not a lover of money, and gentle with those who are slow to learn.",
    "Morning came.",
    "They walked seven days through the desert without seeing smoke, sheep, or any other sign of people.",
]


def export(source: Path, target: Path) -> Manifest:
    """Make `target` from `source`; it appears whole or not at all."""
    scratch = target.with_name(f"{target.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    shutil.copy(source / "tokenizer.json", scratch / "tokenizer.json")
    digest = sha256_of(source / "model.safetensors")
    _export_fp32(source, scratch / "model.onnx")
    _quantise(scratch / "model.onnx", scratch / "model.int8.onnx")
    manifest = Manifest(file="model.int8.onnx", precision="int8", mean_cosine=0.0, source_sha256=digest)
    cosine = _mean_cosine(source, scratch, manifest)
    if cosine < LEAST_COSINE:
        manifest = Manifest(file="model.onnx", precision="fp32", mean_cosine=0.0, source_sha256=digest)
        cosine = _mean_cosine(source, scratch, manifest)
        (scratch / "model.int8.onnx").unlink()
    else:
        (scratch / "model.onnx").unlink()
    manifest = msgspec.structs.replace(manifest, mean_cosine=round(cosine, 4))
    _write(scratch, manifest)
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    return manifest


def _export_fp32(source: Path, file: Path) -> None:
    import torch
    from transformers import AutoModel

    class Pooled(torch.nn.Module):  # type: ignore[misc] # torch is untyped here
        """The transformer with masked mean pooling and L2 normalisation."""

        def __init__(self) -> None:
            super().__init__()
            self.transformer = AutoModel.from_pretrained(
                str(source), local_files_only=True, attn_implementation="eager"
            )

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(pooled, p=2, dim=1)

    example = torch.ones((2, 8), dtype=torch.long)
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        Pooled().eval(),
        (example, example),
        str(file),
        opset_version=OPSET,
        dynamo=False,
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "batch"}},
    )


def _quantise(file: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(file), str(target), weight_type=QuantType.QInt8, per_channel=True, reduce_range=not _has_vnni()
    )


def _has_vnni() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and "vnni" in cpuinfo.read_text(encoding="utf-8")


def _mean_cosine(source: Path, folder: Path, manifest: Manifest) -> float:
    _write(folder, manifest)
    exported, _ = OnnxBackend(LoadOptions(path=str(folder), threads=1)).embed(_SAMPLES)
    reference, _ = SentenceTransformersBackend(LoadOptions(path=str(source), threads=1)).embed(_SAMPLES)
    pairs = zip(exported, reference, strict=True)
    return float(np.mean([np.frombuffer(one, "<f4") @ np.frombuffer(two, "<f4") for one, two in pairs]))


def _write(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))


if __name__ == "__main__":
    made = export(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(msgspec.json.encode(made).decode() + "\n")

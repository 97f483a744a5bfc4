"""Each backend runs a real, small model that the tests create."""

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from fakes.model_runtime import answer, chat_request, running_runtime
from fakes.tiny_bert import make_tiny_bert
from fakes.tiny_ggml import make_tiny_ggml
from fakes.tiny_gguf import make_tiny_gguf

from appliance.infrastructure.paths import DataFolder
from models.backends import LoadOptions
from models.backends.llama_cpp import LlamaCppBackend
from models.catalogue.catalogue import Catalogue
from models.catalogue.packaged import MINILM, MINILM_TORCH
from models.client import Client
from models.errors import RequestInvalid
from models.generation.sampling import Sampling

DOCUMENTS = ["A lamp on a stand gives light.", "The well is deep.", "He lit the lamp in the evening."]


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder with random weights and MiniLM's tokenizer."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    folder = tmp_path_factory.mktemp("cross") / "tiny-reranker"
    tokenizer = AutoTokenizer.from_pretrained(Catalogue(folder).find(MINILM).path)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=1,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_ctransformers_generates_from_a_ggml_file_that_is_detected_by_its_magic_number(tmp_path: Path) -> None:
    async def scene() -> tuple[str, str, int, str]:
        catalogue = Catalogue(tmp_path / "models")
        added = await catalogue.add(make_tiny_ggml(tmp_path / "old.bin"), family="gpt2")
        async with running_runtime(tmp_path / "models") as runtime:
            first, finished = await answer(runtime, "old", "the lamp", max_tokens=10, seed=1)
            hebrew, _ = await answer(runtime, "old", "שלום עולם " * 20, max_tokens=4)
            assert hebrew
            with pytest.raises(RequestInvalid, match="JSON schema"):
                await answer(runtime, "old", "the lamp", json_schema={"type": "object"})
            again, _ = await answer(runtime, "old", "the lamp", max_tokens=10, seed=1)
            return added.backend, first, finished.completion_tokens, again

    backend, first, count, again = asyncio.run(scene())

    assert "ctransformers" == backend
    assert first.isascii()
    assert 10 == count
    assert first == again


def test_ctransformers_is_stopped_between_tokens(tmp_path: Path) -> None:
    async def scene() -> int:
        await Catalogue(tmp_path / "models").add(make_tiny_ggml(tmp_path / "old.bin"), family="gpt2")
        async with running_runtime(tmp_path / "models") as runtime:
            events = runtime.generate("old", chat_request("the lamp", max_tokens=900))
            async for _ in events:
                break
            await events.aclose()
            _, finished = await answer(runtime, "old", "the lamp", max_tokens=1)
            return finished.completion_tokens

    assert 1 == asyncio.run(scene())


def test_a_cross_encoder_reranks_best_first_within_the_time_limit(tmp_path: Path, cross_encoder: Path) -> None:
    async def scene() -> tuple[list[float], list[float], int]:
        await Catalogue(tmp_path / "models").add(cross_encoder)
        async with running_runtime(tmp_path / "models") as runtime:
            scores = await runtime.rerank("tiny-reranker", "light", DOCUMENTS, max_ms=None)
            again = await runtime.rerank("tiny-reranker", "light", list(reversed(DOCUMENTS)), max_ms=None)
            cut = await runtime.rerank("tiny-reranker", "light", DOCUMENTS * 200, max_ms=1)
            return scores.scores, again.scores, len(cut.scores)

    scores, again, cut = asyncio.run(scene())

    assert 3 == len(set(scores))
    assert np.allclose(scores, list(reversed(again)), atol=1e-4)
    assert 0 < cut < 600


def test_an_added_sentence_transformers_folder_embeds_as_the_package_does(tmp_path: Path) -> None:
    source = tmp_path / "folder"
    shutil.copytree(Catalogue(tmp_path).find(MINILM).path, source)

    async def scene() -> tuple[bytes, bytes]:
        await Catalogue(tmp_path / "models").add(source)
        async with running_runtime(tmp_path / "models") as runtime:
            (folder_vector,), _ = await runtime.embed("folder", [DOCUMENTS[0]])
            (package_vector,), _ = await runtime.embed(MINILM_TORCH, [DOCUMENTS[0]])
            return folder_vector, package_vector

    folder_vector, package_vector = asyncio.run(scene())

    assert np.allclose(np.frombuffer(folder_vector, "<f4"), np.frombuffer(package_vector, "<f4"), atol=1e-5)


def test_a_bert_graph_computes_what_transformers_does(tmp_path: Path) -> None:
    import onnxruntime
    import torch
    from transformers import AutoModel

    from models.backends.bert_graph import build_bert_graph

    folder = make_tiny_bert(tmp_path / "tiny")
    ids = torch.tensor([[5, 17, 99, 3, 42], [7, 8, 0, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]])
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder).eval()(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        expected = torch.nn.functional.normalize(mean).numpy()
    session = onnxruntime.InferenceSession(
        build_bert_graph(folder).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (vectors,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})

    assert np.allclose(expected, vectors, atol=1e-5)


def test_onnx_passes_have_texts_of_similar_lengths_and_keep_the_order(
    runtime: Client, runtime_folder: DataFolder
) -> None:
    from models.backends.onnx import OnnxBackend

    runtime.embed(["ready"], model=MINILM)
    folder = str(runtime_folder.models / f"{MINILM}-onnx")
    texts = [" ".join(["lamp", "river", "bread"][: 1 + number % 3] * (1 + number % 40)) for number in range(60)]
    together, tokens = OnnxBackend(LoadOptions(path=folder, threads=2)).embed(texts)
    alone = OnnxBackend(LoadOptions(path=folder, threads=1))
    pairs = [
        float(np.frombuffer(vector, "<f4") @ np.frombuffer(alone.embed([text])[0][0], "<f4"))
        for vector, text in zip(together, texts, strict=True)
    ]

    assert tokens > 60
    assert min(pairs) > 0.97


def test_measuring_the_threads_of_a_gguf_model_leaves_no_tokens_in_the_cache(tmp_path: Path) -> None:
    backend = LlamaCppBackend(LoadOptions(path=str(make_tiny_gguf(tmp_path / "m.gguf")), threads=2, context=512))

    def write() -> bytes:
        pieces = backend.generate(
            backend.tokenize("Hello"), Sampling(temperature=0), lambda *_: None, threading.Event()
        )
        return b"".join(itertools.islice(pieces, 20))

    before = write()
    rates = [backend.writing_rate(threads, 0.01) for threads in (1, 2)]

    assert all(rate > 0 for rate in rates)
    assert before == write()


def test_the_threads_of_llama_cpp_sleep_while_they_wait(tmp_path: Path) -> None:
    file = make_tiny_gguf(tmp_path / "m.gguf")
    program = (
        "from models.backends import LoadOptions, load_backend, BACKENDS\n"
        f"load_backend(BACKENDS['llama_cpp'], LoadOptions(path={str(file)!r}, threads=2, context=512))"
    )
    environment = {**os.environ, "OMP_DISPLAY_ENV": "true"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    if "OPENMP DISPLAY ENVIRONMENT BEGIN" not in ran.stderr:
        pytest.skip("llama.cpp is built without OpenMP")

    assert "OMP_WAIT_POLICY = 'PASSIVE'" in ran.stderr

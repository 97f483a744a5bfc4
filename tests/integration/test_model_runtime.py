"""The model runtime in its own process, used over its socket with the official client."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import numpy as np
import openai
import pytest
from fakes.model_server import official_client
from openai.types.chat import ChatCompletionUserMessageParam

from appliance.infrastructure.paths import DataFolder
from models.backends.reference import read_reference
from models.catalogue.catalogue import Catalogue
from models.catalogue.packaged import MINILM, MINILM_TORCH
from models.client import Client
from models.errors import ModelError, ModelFileRefused, ModelUnavailable
from models.formats.folder import Manifest

TEXTS = ["For God so loved the world", "The heavens declare the glory of God", "Joy", "a " * 600]


@pytest.fixture
def official(runtime: Client, runtime_folder: DataFolder) -> Iterator[openai.OpenAI]:
    runtime.ensure_running()
    transport = httpx.HTTPTransport(uds=str(runtime_folder.models_socket))
    with httpx.Client(transport=transport, timeout=120) as http:
        yield official_client(http)


def test_int8_embeddings_differ_from_those_of_torch_by_less_than_a_hundredth(
    runtime: Client, runtime_folder: DataFolder
) -> None:
    pairs = zip(runtime.embed(TEXTS, model=MINILM), runtime.embed(TEXTS, model=MINILM_TORCH), strict=True)
    cosines = [float(np.frombuffer(one, "<f4") @ np.frombuffer(two, "<f4")) for one, two in pairs]
    manifest = msgspec.json.decode(
        (runtime_folder.models / f"{MINILM}-onnx" / "manifest.json").read_bytes(), type=Manifest
    )

    assert np.mean(cosines) > 0.98
    assert ("int8", True) == (manifest.precision, manifest.mean_cosine >= 0.98)


def test_the_official_client_embeds(official: openai.OpenAI, runtime: Client) -> None:
    answer = official.embeddings.create(model=MINILM, input=TEXTS[:2])
    # int8 scales are computed for the whole batch, so the other texts of a batch change a vector a little.
    (expected,) = runtime.embed([TEXTS[1]], model=MINILM)

    assert [384, 384] == [len(item.embedding) for item in answer.data]
    assert float(np.dot(answer.data[1].embedding, np.frombuffer(expected, "<f4"))) > 0.98
    assert 1.0 == pytest.approx(float(np.linalg.norm(answer.data[0].embedding)), abs=1e-3)


def test_the_official_client_gets_an_error_message(official: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="There is no model"):
        official.embeddings.create(model="nothing", input="x")
    with pytest.raises(openai.BadRequestError, match="not for chat"):
        official.chat.completions.create(model=MINILM, messages=[{"role": "user", "content": "hello"}])


def test_a_gguf_model_chats_and_streams(official: openai.OpenAI, runtime_folder: DataFolder, tiny_gguf: Path) -> None:
    added = asyncio.run(Catalogue(runtime_folder.models).add(tiny_gguf))
    question: ChatCompletionUserMessageParam = {"role": "user", "content": "Hello"}
    complete = official.chat.completions.create(
        model=added.id, messages=[question], max_tokens=12, temperature=0, seed=1
    )
    chunks = list(
        official.chat.completions.create(
            model=added.id, messages=[question], max_tokens=12, temperature=0, seed=1, stream=True
        )
    )
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    assert streamed
    assert complete.choices[0].message.content == streamed
    assert "length" == chunks[-1].choices[0].finish_reason
    assert added.id in {model.id for model in official.models.list()}


def test_a_runtime_is_started_on_demand_and_exits_when_idle(tmp_path: Path) -> None:
    client = Client(folder=tmp_path / "models", socket=tmp_path / "m.sock", idle_exit_s=1)
    assert not client.is_running()

    assert client.models().data
    with pytest.raises(httpx.HTTPError):
        for _ in range(200):
            client._http.get("/health")
            _pause()


def _pause() -> None:
    import time

    time.sleep(1.2)  # longer than the idle limit; a health check would be a request that keeps the runtime alive


def test_an_address_without_a_server_is_unavailable(tmp_path: Path) -> None:
    client = Client(folder=tmp_path, socket=tmp_path / "m.sock", address="http://127.0.0.1:9")

    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        client.embed(["x"], model=MINILM)


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", b"PK\x03\x04" + b"0" * 100, b"GGUF" + (99).to_bytes(4, "little") + b"\0" * 100]
)
def test_a_file_that_is_not_a_model_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(content)

    with pytest.raises(ModelFileRefused):
        asyncio.run(Catalogue(tmp_path / "models").add(file))
    assert not (tmp_path / "models" / "broken.gguf").exists()


def test_a_model_that_was_truncated_after_it_was_added_fails_only_its_own_request(
    runtime: Client, runtime_folder: DataFolder, official: openai.OpenAI, tiny_gguf: Path, tmp_path: Path
) -> None:
    file = tmp_path / "truncated.gguf"
    shutil.copy(tiny_gguf, file)
    added = asyncio.run(Catalogue(runtime_folder.models).add(file))
    with Path(added.path).open("r+b") as stored:
        stored.truncate(200_000)

    with pytest.raises(openai.BadRequestError, match="incomplete"):
        official.chat.completions.create(model=added.id, messages=[{"role": "user", "content": "x"}])
    assert runtime.embed(["still here"], model=MINILM)


def test_fp32_is_used_if_the_int8_export_differs_too_much_from_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.backends import onnx_export

    monkeypatch.setattr(onnx_export, "MIN_COSINE", 0.9999)
    manifest = onnx_export.export(Path(Catalogue(tmp_path).find(MINILM).path), tmp_path / "export")

    assert ("fp32", True) == (manifest.precision, manifest.mean_cosine > 0.9999)
    assert {"manifest.json", "model.onnx", "tokenizer.json"} == {path.name for path in (tmp_path / "export").iterdir()}


def test_a_graph_that_computes_other_vectors_than_torch_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.backends import onnx_export

    recorded = read_reference()
    shifted = msgspec.structs.replace(recorded, vectors=np.roll(recorded.vectors, 1, axis=0))
    monkeypatch.setattr(onnx_export, "read_reference", lambda: shifted)

    with pytest.raises(ModelUnavailable, match="does not compute the recorded vectors"):
        onnx_export.export(Path(Catalogue(tmp_path).find(MINILM).path), tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_a_damaged_package_is_detected(tmp_path: Path) -> None:
    from models.catalogue.embedding_graph import ensure_export

    model = Catalogue(tmp_path).find(MINILM)
    damaged = tmp_path / "model"
    shutil.copytree(model.path, damaged)
    with (damaged / "model.safetensors").open("r+b") as file:
        file.seek(1000)
        file.write(b"changed")

    with pytest.raises(ModelError, match="wrong SHA-256"):
        asyncio.run(ensure_export(msgspec.structs.replace(model, path=str(damaged)), tmp_path / "exports"))


def test_a_runtime_that_cannot_start_is_tried_once_and_the_error_names_the_log(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "runtime.toml").write_text("pass_tokens = 0\n")
    client = Client(folder=folder, socket=tmp_path / "models.sock", idle_exit_s=5)

    with pytest.raises(ModelUnavailable, match=r"The reason is in .*models\.log"):
        client.ensure_running()

    log = (tmp_path / "logs" / "models.log").read_text()
    assert 1 == log.count("Correct or remove it")
    assert "Traceback" not in log

"""The runtime over HTTP: the requests that the runtime refuses, and its error messages."""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from fakes.model_server import ModelServer, body, serving_models
from fakes.serving import free_port

from models.catalogue.packaged import MINILM


@pytest.mark.parametrize(
    ("request_body", "status", "message"),
    [
        (body("nothing"), 404, "There is no model 'nothing'"),
        (body(MINILM), 400, "is a model for embed"),
        ({"model": "quick", "messages": []}, 400, "`messages` is empty"),
        (
            body("quick", messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]),
            400,
            "parts of type 'text'",
        ),
        (body("quick", tool_choice="required"), 400, "`tools` is empty"),
        (body("quick", temperature=9), 400, "temperature"),
        (body("quick", seed=2**70), 400, "seed"),
        (
            body(
                "quick",
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": "s", "schema": {"type": "string", "maxLength": 20_000}},
                },
            ),
            400,
            "grammar",
        ),
        (body("quick", messages=[{"role": "user", "content": "word " * 9000}]), 400, "Shorten the prompt"),
        (body("quick", stream=True, messages=[{"role": "user", "content": "word " * 9000}]), 400, "Shorten the prompt"),
    ],
)
def test_errors_are_sentences_with_their_status(
    model_server: ModelServer, request_body: object, status: int, message: str
) -> None:
    answer = model_server.http.post("/v1/chat/completions", json=request_body)

    assert status == answer.status_code
    assert message in answer.text


LONG = {
    "one long message": body("quick", messages=[{"role": "user", "content": "a" * 2**20}]),
    "very many messages": body("quick", messages=[{"role": "user", "content": "Why?"}] * 20_000),
    "a deep schema": body(
        "quick",
        response_format={"type": "json_schema", "json_schema": {"schema": json.loads('{"a":' * 300 + "1" + "}" * 300)}},
    ),
    "deep arguments": body(
        "quick",
        messages=[
            {"role": "user", "content": "Why?"},
            {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "[" * 50_000}}]},
        ],
    ),
}


@pytest.mark.parametrize("request_body", LONG.values(), ids=LONG)
def test_a_request_that_is_too_long_is_refused_quickly_and_the_next_request_is_answered(
    model_server: ModelServer, request_body: dict[str, object]
) -> None:
    model_server.chat("quick", max_tokens=1)
    began = time.monotonic()
    refused = [model_server.http.post("/v1/chat/completions", json=request_body, timeout=60) for _ in range(3)]
    took = time.monotonic() - began
    healthy = model_server.http.get("/health", timeout=5)
    model_server.chat("quick", max_tokens=1)

    assert {400} == {answer.status_code for answer in refused}
    assert all(answer.json()["error"]["message"].endswith(".") or "JSON" in answer.text for answer in refused)
    assert took < 20
    assert healthy.is_success


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/rerank", "/admin/models"]
)
@pytest.mark.parametrize("depth", [500, 971, 5_000, 200_000])
def test_json_that_is_nested_too_deeply_is_a_client_error(model_server: ModelServer, path: str, depth: int) -> None:
    content = (
        b'{"model": "quick", "messages": '
        + b"[" * depth
        + b"]" * depth
        + b', "tools": '
        + b"[" * depth
        + b"]" * depth
        + b"}"
    )
    answer = model_server.http.post(path, content=content, headers={"content-type": "application/json"}, timeout=30)

    assert 400 == answer.status_code
    assert "error" in answer.json()


def test_an_address_needs_the_token(tmp_path: Path) -> None:
    token, port = tmp_path / "token", free_port()
    token.write_text("secret\n")
    options = ["--host", "127.0.0.1", "--port", str(port), "--token-file", str(token)]
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False) as http,
        serving_models(tmp_path / "models", *options, http=http),
    ):
        assert 401 == http.get("/v1/models").status_code
        assert 401 == http.get("/v1/models", headers={"authorization": "Bearer wrong"}).status_code
        assert http.get("/v1/models", headers={"authorization": "Bearer secret"}).is_success


def test_a_network_address_is_not_served_without_a_token(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "models.cli", "serve", "--folder", str(tmp_path), "--host", "0.0.0.0"]
    command += ["--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert 2 == done.returncode
    assert "--token-file" in done.stderr


def test_web_pages_may_not_use_a_runtime_without_a_token(model_server: ModelServer) -> None:
    answer = model_server.http.post(
        "/v1/chat/completions", json=body("quick"), headers={"origin": "http://elsewhere.example"}
    )

    assert 401 == answer.status_code

"""The runtime over HTTP: OpenAI's official client works unchanged, and managers use the administration API."""

import json
from pathlib import Path

import pytest
from fakes.model_server import QUESTION, ModelServer
from fakes.tiny_gguf import make_tiny_gguf
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageFunctionToolCallParam,
    ChatCompletionMessageParam,
    ChatCompletionToolChoiceOptionParam,
)
from openai.types.chat.completion_create_params import CompletionCreateParamsBase

from models.catalogue.packaged import MINILM

TOOLS: list[ChatCompletionFunctionToolParam] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"The {name} of a place.",
            "parameters": {
                "type": "object",
                "properties": {"place": {"type": "string", "enum": ["Cana", "Nain"]}},
                "required": ["place"],
            },
        },
    }
    for name in ("weather", "distance")
]
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"book": {"enum": ["John", "Mark"]}, "chapter": {"type": "integer"}},
    "required": ["book", "chapter"],
    "additionalProperties": False,
}


def text_of(answer: ChatCompletion) -> str:
    text = answer.choices[0].message.content
    assert text is not None
    return text


def test_the_official_client_gets_the_same_answer_complete_and_streamed(model_server: ModelServer) -> None:
    request: CompletionCreateParamsBase = {
        "model": "quick",
        "messages": QUESTION,
        "max_tokens": 12,
        "temperature": 0.9,
        "top_p": 0.8,
        "seed": 5,
    }
    complete = model_server.official.chat.completions.create(**request)
    with_usage: CompletionCreateParamsBase = {**request, "stream_options": {"include_usage": True}}
    chunks = list(model_server.official.chat.completions.create(**with_usage, stream=True))
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    used, used_in_stream = complete.usage, chunks[-1].usage

    assert used is not None
    assert used_in_stream is not None
    assert complete.choices[0].message.content == streamed
    assert "length" == complete.choices[0].finish_reason
    assert (12, used.prompt_tokens) == (used.completion_tokens, used_in_stream.prompt_tokens)
    assert "assistant" == chunks[0].choices[0].delta.role


def test_the_same_seed_gives_the_same_answer_and_another_seed_another_answer(model_server: ModelServer) -> None:
    def text_with(seed: int) -> str:
        answer = model_server.official.chat.completions.create(
            model="quick", messages=QUESTION, max_tokens=20, temperature=1.5, seed=seed
        )
        return text_of(answer)

    assert text_with(3) == text_with(3)
    assert text_with(3) != text_with(4)


def test_the_answer_ends_before_a_stop_sequence(model_server: ModelServer) -> None:
    complete = text_of(model_server.chat("quick", max_tokens=24))
    stop = complete[8:11]
    cut = model_server.official.chat.completions.create(
        model="quick", messages=QUESTION, max_tokens=24, temperature=0, stop=[stop]
    ).choices[0]

    assert complete[: complete.index(stop)] == cut.message.content
    assert "stop" == cut.finish_reason


def test_plain_completions_continue_a_prompt(model_server: ModelServer) -> None:
    complete = model_server.official.completions.create(
        model="quick", prompt="In the beginning", max_tokens=6, temperature=0
    )
    chunks = model_server.official.completions.create(
        model="quick", prompt="In the beginning", max_tokens=6, temperature=0, stream=True
    )

    assert complete.choices[0].text == "".join(chunk.choices[0].text for chunk in chunks)
    assert complete.usage is not None
    assert 6 == complete.usage.completion_tokens


def test_an_answer_follows_a_json_schema(model_server: ModelServer) -> None:
    ended = []
    for seed in range(5):
        answer = model_server.official.chat.completions.create(
            model="quick",
            messages=QUESTION,
            max_tokens=60,
            temperature=1.0,
            seed=seed,
            response_format={"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}},
        )
        # A model with random weights may generate an endless integer.
        if answer.choices[0].finish_reason != "length":
            ended.append(json.loads(text_of(answer)))

    assert ended
    assert {place["book"] for place in ended} <= {"John", "Mark"}
    assert all(isinstance(place["chapter"], int) for place in ended)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("choice", "names"),
    [("required", {"weather", "distance"}), ({"type": "function", "function": {"name": "distance"}}, {"distance"})],
)
def test_a_required_tool_is_called(
    model_server: ModelServer, choice: ChatCompletionToolChoiceOptionParam, names: set[str], stream: bool
) -> None:
    request: CompletionCreateParamsBase = {
        "model": "quick",
        "messages": QUESTION,
        "tools": TOOLS,
        "tool_choice": choice,
        "temperature": 1.0,
        "seed": 2,
        "max_tokens": 400,
    }
    if stream:
        chunks = list(model_server.official.chat.completions.create(**request, stream=True))
        calls = [
            (call.function.name, call.function.arguments)
            for chunk in chunks
            for call in chunk.choices[0].delta.tool_calls or []
            if call.function
        ]
        finish = chunks[-1].choices[0].finish_reason
    else:
        answer = model_server.official.chat.completions.create(**request).choices[0]
        calls = [
            (call.function.name, call.function.arguments)
            for call in answer.message.tool_calls or []
            if call.type == "function"
        ]
        finish = answer.finish_reason

    assert "tool_calls" == finish
    ((name, arguments),) = calls
    assert name in names
    assert json.loads(arguments or "")["place"] in ("Cana", "Nain")


def test_the_model_gets_a_tool_call_and_its_result(model_server: ModelServer) -> None:
    call: ChatCompletionMessageFunctionToolCallParam = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"place": "Cana"}'},
    }
    messages: list[ChatCompletionMessageParam] = [
        *QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "fair"},
    ]

    assert model_server.official.chat.completions.create(
        model="quick", messages=messages, tools=TOOLS, max_tokens=4
    ).choices


def test_the_official_client_embeds(model_server: ModelServer) -> None:
    answer = model_server.official.embeddings.create(model=MINILM, input=["one", "two"])

    assert [384, 384] == [len(item.embedding) for item in answer.data]
    assert answer.usage.prompt_tokens > 0


def test_the_owner_of_a_model_does_not_reveal_its_path(model_server: ModelServer) -> None:
    assert {"lampstand"} == {model.owned_by for model in model_server.official.models.list()}


def test_managers_see_predicted_and_measured_memory(model_server: ModelServer) -> None:
    status = model_server.http.post("/admin/models/quick/load").json()

    assert "loaded" == status["state"]
    assert 0 < status["used_bytes"] <= status["predicted_bytes"]
    assert status["plan"]["reasons"]


def test_managers_load_unload_pin_and_plan(model_server: ModelServer) -> None:
    http = model_server.http

    assert "available" == http.post("/admin/models/quick/unload").json()["state"]
    assert http.post("/admin/models/quick/pin").json()["pinned"]
    assert not http.post("/admin/models/quick/unpin").json()["pinned"]
    plan = http.get("/admin/plan", params={"model": "quick"}).json()
    assert ("cpu", 8192) == (plan["device"], plan["context"])
    devices = http.get("/admin/devices").json()
    assert "No NVIDIA driver" in devices["machine"]["gpu"]["finding"] or devices["machine"]["gpu"]["gpus"]
    assert 404 == http.post("/admin/models/nothing/load").status_code


def test_managers_add_and_remove(model_server: ModelServer, tmp_path: Path) -> None:
    file = make_tiny_gguf(tmp_path / "third.gguf", seed=3)
    added = model_server.http.post("/admin/models", json={"path": str(file)})

    assert 201 == added.status_code
    assert model_server.chat("third", max_tokens=1).choices
    assert model_server.http.delete("/admin/models/third").is_success
    assert 404 == model_server.http.get("/v1/models/third").status_code
    assert 400 == model_server.http.delete(f"/admin/models/{MINILM}").status_code
    assert file.exists()


def test_requests_and_tokens_are_counted_for_prometheus(model_server: ModelServer) -> None:
    model_server.chat("quick", max_tokens=2)
    text = model_server.http.get("/metrics").text

    for name in ("requests_total", "completion_tokens_total", "first_token_seconds_bucket", "loaded_bytes", "queued"):
        assert f"lampstand_models_{name}" in text


def test_a_repeated_query_is_answered_from_the_cache_within_a_millisecond(model_server: ModelServer) -> None:
    request = {"model": MINILM, "input": "an earlier query"}
    model_server.http.post("/v1/embeddings", json=request)
    timings = [model_server.http.post("/v1/embeddings", json=request).headers["server-timing"] for _ in range(20)]

    assert min(float(timing.partition("dur=")[2]) for timing in timings) < 1
    assert "embed;dur=" in timings[0]

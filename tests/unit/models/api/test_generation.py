"""`/v1/chat/completions` and `/v1/completions` over HTTP, as one answer and as a stream."""

import asyncio
from typing import Any

import msgspec
import pytest
from fakes.asgi_request import AsgiRequest
from fakes.model_processes import FakeProcesses, Hold, finished
from litestar import Litestar
from litestar.testing import TestClient

from models.api.disconnects import CLIENT_DISCONNECTED
from models.api.generation import chat_generation
from models.child.frames import GenerationFinished, Working
from models.errors import ModelCrashed, RequestInvalid
from models.messages import ChatRequest, FunctionCall, ToolCall

Client = TestClient[Litestar]
CHAT, COMPLETION = "/v1/chat/completions", "/v1/completions"
QUESTION = {"model": "chat", "messages": [{"role": "user", "content": "Why?"}]}
PROMPT = {"model": "chat", "prompt": "In the"}
TOOL = {"function": {"name": "weather", "parameters": {"type": "object"}}}
CALL = ToolCall(id="call_1", function=FunctionCall(name="weather", arguments='{"place": "Cana"}'))
CALL_FINISHED: GenerationFinished = msgspec.structs.replace(finished("tool_calls"), tool_calls=[CALL])
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def request(**fields: object) -> ChatRequest:
    return msgspec.convert({**QUESTION, **fields}, ChatRequest)


def lines_of(client: Client, path: str, **body: object) -> list[str]:
    """Return the lines of a stream without the empty ones."""
    answer = client.post(path, json={"stream": True, **body})
    assert 200 == answer.status_code, answer.text
    assert "text/event-stream" in answer.headers["content-type"]
    return [line for line in answer.text.splitlines() if line]


def chunks_of(lines: list[str]) -> list[Any]:
    """Return the JSON objects of a stream."""
    return [msgspec.json.decode(line[6:]) for line in lines if line.startswith("data: {")]


def choices_of(lines: list[str]) -> list[Any]:
    return [choice for chunk in chunks_of(lines) for choice in chunk["choices"]]


def load(client: Client) -> None:
    """Load the chat model, so that the next stream has no comment about it."""
    client.post("/admin/models/chat/load")


# The conversion of a request


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": []}, "`messages` is empty"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}]},
            "a part of type 'image_url'. Send only parts of type 'text'",
        ),
        ({"tool_choice": "required"}, "`tool_choice` requires a tool, but `tools` is empty"),
        ({"tool_choice": {"function": {"name": "weather"}}}, "`tools` is empty"),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(RequestInvalid, match=message):
        chat_generation(request(**fields))


@pytest.mark.parametrize(
    ("choice", "required", "tools"),
    [
        (None, None, 1),
        ("auto", None, 1),
        ("none", None, 0),
        ("required", "", 1),
        ({"function": {"name": "weather"}}, "weather", 1),
    ],
)
def test_the_tool_choice_decides_which_tool_the_model_may_or_must_call(
    choice: object, required: str | None, tools: int
) -> None:
    generation = chat_generation(request(tools=[TOOL], tool_choice=choice))

    assert (required, tools) == (generation.required_tool, len(generation.tools))


@pytest.mark.parametrize(
    ("response_format", "schema"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, {}),
        ({"type": "json_schema", "json_schema": {"schema": {"type": "string"}}}, {"type": "string"}),
    ],
)
def test_the_response_format_becomes_a_json_schema(response_format: object, schema: object) -> None:
    assert schema == chat_generation(request(response_format=response_format)).sampling.json_schema


def test_a_request_without_sampling_fields_gets_the_defaults() -> None:
    sampling = chat_generation(request()).sampling

    assert (0.8, 0.95, None, None, ()) == (
        sampling.temperature,
        sampling.top_p,
        sampling.max_tokens,
        sampling.seed,
        sampling.stop,
    )


def test_a_temperature_of_zero_is_not_replaced_by_the_default() -> None:
    assert 0 == chat_generation(request(temperature=0)).sampling.temperature


@pytest.mark.parametrize(("stop", "sequences"), [("END", ("END",)), (["a", "b"], ("a", "b")), ([], ())])
def test_stop_is_one_sequence_or_a_list(stop: object, sequences: tuple[str, ...]) -> None:
    assert sequences == chat_generation(request(stop=stop)).sampling.stop


def test_the_newer_name_of_the_token_limit_is_preferred() -> None:
    assert 3 == chat_generation(request(max_tokens=9, max_completion_tokens=3)).sampling.max_tokens
    assert 9 == chat_generation(request(max_tokens=9)).sampling.max_tokens


# One answer


def test_a_question_gets_an_answer_with_its_token_counts(client: Client, processes: FakeProcesses) -> None:
    answer = client.post(CHAT, json=QUESTION).json()

    assert "chat.completion" == answer["object"]
    assert answer["id"].startswith("chatcmpl-")
    assert ("chat", USAGE) == (answer["model"], answer["usage"])
    (choice,) = answer["choices"]
    assert {"role": "assistant", "content": "In the beginning"} == choice["message"]
    assert "stop" == choice["finish_reason"]


def test_each_answer_has_its_own_id(client: Client, processes: FakeProcesses) -> None:
    assert 2 == len({client.post(CHAT, json=QUESTION).json()["id"] for _ in range(2)})


def test_tool_calls_are_a_part_of_the_message(client: Client, processes: FakeProcesses) -> None:
    processes.answers = [[CALL_FINISHED]]
    (choice,) = client.post(CHAT, json={**QUESTION, "tools": [TOOL]}).json()["choices"]

    assert "tool_calls" == choice["finish_reason"]
    assert [msgspec.to_builtins(CALL)] == choice["message"]["tool_calls"]
    assert "content" not in choice["message"]


def test_text_before_a_tool_call_is_the_content(client: Client, processes: FakeProcesses) -> None:
    processes.answers = [["I will look. ", CALL_FINISHED]]
    (choice,) = client.post(CHAT, json={**QUESTION, "tools": [TOOL]}).json()["choices"]

    assert "I will look. " == choice["message"]["content"]


def test_a_plain_completion_continues_the_prompt(client: Client, processes: FakeProcesses) -> None:
    answer = client.post(COMPLETION, json=PROMPT).json()

    assert "text_completion" == answer["object"]
    assert answer["id"].startswith("cmpl-")
    assert USAGE == answer["usage"]
    assert [("In the beginning", "stop")] == [(choice["text"], choice["finish_reason"]) for choice in answer["choices"]]
    assert ["In the"] == [generation.prompt for generation in processes.generations]


@pytest.mark.parametrize("prompt", [[], ["one", "two"]])
def test_a_completion_has_exactly_one_prompt(client: Client, processes: FakeProcesses, prompt: list[str]) -> None:
    answer = client.post(COMPLETION, json={"model": "chat", "prompt": prompt})

    assert 400 == answer.status_code
    assert f"`prompt` contains {len(prompt)} texts" in answer.json()["error"]["message"]


def test_a_prompt_may_be_a_list_of_one(client: Client, processes: FakeProcesses) -> None:
    assert client.post(COMPLETION, json={"model": "chat", "prompt": ["In the"]}).is_success


@pytest.mark.parametrize("parse_special", [False, True])
def test_special_tokens_of_a_prompt_are_parsed_only_on_request(
    client: Client, processes: FakeProcesses, parse_special: bool
) -> None:
    client.post(COMPLETION, json={**PROMPT, "parse_special": parse_special})

    assert [parse_special] == [generation.parse_special for generation in processes.generations]


def test_a_model_that_ends_without_an_answer_is_an_error(client: Client, processes: FakeProcesses) -> None:
    processes.answers = [["In the "]]
    answer = client.post(CHAT, json=QUESTION)

    assert (500, "The model ended without an answer.") == (answer.status_code, answer.json()["error"]["message"])


def test_an_error_in_the_middle_of_an_answer_has_its_status(client: Client, processes: FakeProcesses) -> None:
    processes.answers = [["In the ", ModelCrashed("It died.")]]

    assert 502 == client.post(CHAT, json=QUESTION).status_code


# A stream


def test_a_stream_has_a_role_the_pieces_a_reason_and_an_end(client: Client, processes: FakeProcesses) -> None:
    load(client)
    lines = lines_of(client, CHAT, **QUESTION)
    deltas = [choice["delta"] for choice in choices_of(lines)]

    assert [{"role": "assistant", "content": ""}, {"content": "In the "}, {"content": "beginning"}, {}] == deltas
    assert [None, None, None, "stop"] == [choice["finish_reason"] for choice in choices_of(lines)]
    assert {"chat.completion.chunk"} == {chunk["object"] for chunk in chunks_of(lines)}
    assert 1 == len({chunk["id"] for chunk in chunks_of(lines)})
    assert "data: [DONE]" == lines[-1]


def test_a_stream_of_a_completion_has_the_texts(client: Client, processes: FakeProcesses) -> None:
    choices = choices_of(lines_of(client, COMPLETION, **PROMPT))

    assert [("In the ", None), ("beginning", None), ("", "stop")] == [
        (choice["text"], choice["finish_reason"]) for choice in choices
    ]


@pytest.mark.parametrize(("path", "body"), [(CHAT, QUESTION), (COMPLETION, PROMPT)])
def test_a_stream_has_token_counts_only_on_request(
    client: Client, processes: FakeProcesses, path: str, body: dict[str, object]
) -> None:
    without = chunks_of(lines_of(client, path, **body))
    *others, last = chunks_of(lines_of(client, path, **body, stream_options={"include_usage": True}))

    assert not [chunk for chunk in without if "usage" in chunk]
    assert not [chunk for chunk in others if "usage" in chunk]
    assert ([], USAGE) == (last["choices"], last["usage"])


def test_a_stream_has_the_tool_calls_before_its_end(client: Client, processes: FakeProcesses) -> None:
    processes.answers = [[CALL_FINISHED]]
    opening, call, end = choices_of(lines_of(client, CHAT, **QUESTION, tools=[TOOL]))

    assert "assistant" == opening["delta"]["role"]
    assert [{"index": 0, **msgspec.to_builtins(CALL)}] == call["delta"]["tool_calls"]
    assert ({}, "tool_calls") == (end["delta"], end["finish_reason"])


def test_comments_report_the_loading_and_the_progress_of_the_prompt(client: Client, processes: FakeProcesses) -> None:
    processes.answers = [[Working(0, 2, 5), Working(0, 5, 5), "Amen.", finished()]]
    lines = lines_of(client, CHAT, **QUESTION)

    assert [": loading chat", ": prompt 2/5", ": prompt 5/5"] == lines[:3]
    assert not [line for line in lines[3:] if line.startswith(":")]


def test_a_stream_is_not_cached(client: Client, processes: FakeProcesses) -> None:
    headers = client.post(CHAT, json={**QUESTION, "stream": True}).headers

    assert ("no-store", "no") == (headers["cache-control"], headers["x-accel-buffering"])


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_before_the_first_event_is_an_http_status(
    client: Client, processes: FakeProcesses, stream: bool
) -> None:
    load(client)
    processes.answers = [[RequestInvalid("The grammar is invalid.")]]
    answer = client.post(CHAT, json={**QUESTION, "stream": stream})

    assert (400, "The grammar is invalid.") == (answer.status_code, answer.json()["error"]["message"])


def test_an_error_inside_a_stream_is_its_last_event(client: Client, processes: FakeProcesses) -> None:
    processes.answers = [["In the ", ModelCrashed("It died.")]]
    lines = lines_of(client, CHAT, **QUESTION)

    assert 'data: {"error":{"message":"It died.","type":"model_crashed","code":502}}' == lines[-1]
    assert "data: [DONE]" not in lines


def test_the_stream_of_a_waiting_request_has_its_position(app: Litestar, processes: FakeProcesses) -> None:
    hold = Hold()
    processes.answers = [[hold, finished()], ["Amen.", finished()]]

    async def scene() -> list[str]:
        first, second = (AsgiRequest(app, CHAT, {**QUESTION, "stream": True}) for _ in range(2))
        async with app.lifespan(), asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(first.run())
            await hold.reached.wait()
            group.create_task(second.run())
            while not second.content:  # noqa: ASYNC110 - the answer begins in one of the next turns of this loop
                await asyncio.sleep(0)
            hold.released.set()
        return second.content.decode().splitlines()

    assert ": queue 1" == asyncio.run(scene())[0]


# A client that disconnects


@pytest.mark.parametrize(("stream", "status"), [(True, 200), (False, CLIENT_DISCONNECTED)])
def test_a_disconnect_stops_the_model(app: Litestar, processes: FakeProcesses, stream: bool, status: int) -> None:
    hold = Hold()
    processes.answers = [["In the ", hold, finished()]]

    async def scene() -> tuple[int, int]:
        request = AsgiRequest(app, CHAT, {**QUESTION, "stream": stream})
        async with app.lifespan(), asyncio.timeout(20):
            running = asyncio.create_task(request.run())
            await hold.reached.wait()
            request.disconnect()
            await running
            return request.status, app.state.runtime.residency.users_of("chat")

    assert (status, 0) == asyncio.run(scene())
    assert 0 == processes.complete_generations


def test_a_disconnect_before_the_first_event_ends_the_request(app: Litestar, processes: FakeProcesses) -> None:
    hold = Hold()
    processes.answers = [[hold, finished()]]

    async def scene() -> tuple[int, int]:
        request = AsgiRequest(app, CHAT, {**QUESTION, "stream": True})
        async with app.lifespan(), asyncio.timeout(20):
            runtime = app.state.runtime
            await runtime.residency.load(runtime.catalogue.find("chat"))
            running = asyncio.create_task(request.run())
            await hold.reached.wait()
            request.disconnect()
            await running
            return request.status, runtime.residency.users_of("chat")

    assert (CLIENT_DISCONNECTED, 0) == asyncio.run(scene())

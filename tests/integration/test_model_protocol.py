"""The runtime over HTTP: the official client unchanged, what streams carry besides, limits, managers' calls."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openai
import pytest
from fakes.serving import free_port
from fakes.tiny_gguf import make_tiny_gguf

from models.catalogue.catalogue import Catalogue
from models.catalogue.packaged import MINILM

QUESTION = [{"role": "user", "content": "Where is the lamp?"}]
TOOLS = [
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
SCHEMA = {
    "type": "object",
    "properties": {"book": {"enum": ["John", "Mark"]}, "chapter": {"type": "integer"}},
    "required": ["book", "chapter"],
    "additionalProperties": False,
}


class Served:
    """A runtime of its own process, on a socket or an address."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], url: str, http: httpx.Client) -> None:
        self.folder, self.process, self.url, self.http = folder, process, url, http

    @property
    def official(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="none", http_client=self.http, max_retries=0)


def serve(folder: Path, *arguments: str, url: str, http: httpx.Client) -> Served:
    process = subprocess.Popen([sys.executable, "-P", "-m", "models.cli", "serve", "--folder", str(folder), *arguments])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if http.get(f"{url}/health").is_success:
                return Served(folder, process, url, http)
        except httpx.HTTPError:
            time.sleep(0.05)  # nobody listens yet, which is nothing to wait on
    raise AssertionError("the runtime does not answer")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, runtime, runtime_folder) -> Iterator[Served]:
    """A runtime with a quick and a slow chat model, and a short queue."""
    runtime.embed(["ready"], model=MINILM)
    home = tmp_path_factory.mktemp("served")
    folder = home / "models"
    folder.mkdir()
    (folder / f"{MINILM}-onnx").symlink_to(runtime_folder.models / f"{MINILM}-onnx")
    (folder / "runtime.toml").write_text("queue_capacity = 3\n[chat]\nmax_loaded = 2\n")
    for name, layers in (("quick", 2), ("slow", 80)):
        asyncio.run(Catalogue(folder).add(make_tiny_gguf(home / f"{name}.gguf", layers=layers)))
    socket = home / "models.sock"
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=60) as http:
        running = serve(folder, "--socket", str(socket), url="http://models", http=http)
        for name in ("quick", "slow"):
            running.official.chat.completions.create(model=name, messages=QUESTION, max_tokens=1)
        yield running
        running.process.terminate()
        running.process.wait(timeout=20)


def body(model: str, **more: object) -> dict[str, object]:
    return {"model": model, "messages": QUESTION, "temperature": 0, **more}


def in_use(served: Served, model: str) -> bool:
    statuses = served.http.get(f"{served.url}/admin/models").json()["models"]
    return next(status["in_use"] for status in statuses if status["id"] == model) > 0


def wait_until(happens: Callable[[], bool]) -> float:
    """Seconds until something happens."""
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < 20
    return time.monotonic() - began


def test_the_official_client_chats_whole_and_streamed_alike(served: Served) -> None:
    asked = {"model": "quick", "messages": QUESTION, "max_tokens": 12, "temperature": 0.9, "top_p": 0.8, "seed": 5}
    whole = served.official.chat.completions.create(**asked)
    chunks = list(served.official.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    assert whole.choices[0].message.content == streamed
    assert "length" == whole.choices[0].finish_reason
    assert (12, whole.usage.prompt_tokens) == (whole.usage.completion_tokens, chunks[-1].usage.prompt_tokens)
    assert "assistant" == chunks[0].choices[0].delta.role


def test_the_same_seed_says_the_same_and_another_something_else(served: Served) -> None:
    def say(seed: int) -> str:
        answer = served.official.chat.completions.create(
            model="quick", messages=QUESTION, max_tokens=20, temperature=1.5, seed=seed
        )
        return answer.choices[0].message.content

    assert say(3) == say(3)
    assert say(3) != say(4)


def test_a_stop_sequence_ends_the_answer_before_itself(served: Served) -> None:
    whole = served.official.chat.completions.create(**body("quick", max_tokens=24)).choices[0].message.content
    stop = whole[8:11]
    cut = served.official.chat.completions.create(**body("quick", max_tokens=24, stop=[stop])).choices[0]

    assert whole[: whole.index(stop)] == cut.message.content
    assert "stop" == cut.finish_reason


def test_plain_completions_go_on_from_a_prompt(served: Served) -> None:
    whole = served.official.completions.create(model="quick", prompt="In the beginning", max_tokens=6, temperature=0)
    chunks = served.official.completions.create(
        model="quick", prompt="In the beginning", max_tokens=6, temperature=0, stream=True
    )

    assert whole.choices[0].text == "".join(chunk.choices[0].text for chunk in chunks)
    assert 6 == whole.usage.completion_tokens


def test_an_answer_follows_a_json_schema(served: Served) -> None:
    for seed in range(5):
        answer = served.official.chat.completions.create(
            model="quick",
            messages=QUESTION,
            max_tokens=60,
            temperature=1.0,
            seed=seed,
            response_format={"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}},
        )
        if answer.choices[0].finish_reason == "length":
            continue  # an integer of a model of random weights need not end
        found = json.loads(answer.choices[0].message.content)
        assert found["book"] in ("John", "Mark")
        assert isinstance(found["chapter"], int)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("choice", "names"),
    [("required", {"weather", "distance"}), ({"type": "function", "function": {"name": "distance"}}, {"distance"})],
)
def test_a_tool_is_called_when_it_has_to_be(served: Served, choice: object, names: set[str], stream: bool) -> None:
    asked = {
        "model": "quick",
        "messages": QUESTION,
        "tools": TOOLS,
        "tool_choice": choice,
        "temperature": 1.0,
        "seed": 2,
        "max_tokens": 400,
    }
    if stream:
        chunks = list(served.official.chat.completions.create(**asked, stream=True))
        (call,) = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
        finish = chunks[-1].choices[0].finish_reason
    else:
        answer = served.official.chat.completions.create(**asked).choices[0]
        (call,), finish = answer.message.tool_calls, answer.finish_reason

    assert "tool_calls" == finish
    assert call.function.name in names
    assert json.loads(call.function.arguments)["place"] in ("Cana", "Nain")


def test_a_call_and_its_result_go_back_to_the_model(served: Served) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"place": "Cana"}'}}
    messages = [
        *QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "fair"},
    ]

    assert served.official.chat.completions.create(model="quick", messages=messages, tools=TOOLS, max_tokens=4).choices


def test_the_official_client_embeds(served: Served) -> None:
    answer = served.official.embeddings.create(model=MINILM, input=["one", "two"])

    assert [384, 384] == [len(item.embedding) for item in answer.data]
    assert answer.usage.prompt_tokens > 0


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        (body("nothing"), 404, "There is no model 'nothing'"),
        (body(MINILM), 400, "is a model for embed"),
        ({"model": "quick", "messages": []}, 400, "`messages` is empty"),
        (
            body("quick", messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]),
            400,
            "read text only",
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
        (body("quick", messages=[{"role": "user", "content": "word " * 9000}]), 400, "Shorten it"),
        (body("quick", stream=True, messages=[{"role": "user", "content": "word " * 9000}]), 400, "Shorten it"),
    ],
)
def test_errors_are_sentences_with_their_status(served: Served, asked: object, status: int, says: str) -> None:
    answer = served.http.post(f"{served.url}/v1/chat/completions", json=asked)

    assert status == answer.status_code
    assert says in answer.text


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


@pytest.mark.parametrize("asked", LONG.values(), ids=LONG)
def test_what_is_too_long_is_refused_at_once_and_the_next_request_is_answered(
    served: Served, asked: dict[str, object]
) -> None:
    served.official.chat.completions.create(**body("quick", max_tokens=1))
    began = time.monotonic()
    refused = [served.http.post(f"{served.url}/v1/chat/completions", json=asked, timeout=60) for _ in range(3)]
    took = time.monotonic() - began
    healthy = served.http.get(f"{served.url}/health", timeout=5)
    served.official.chat.completions.create(**body("quick", max_tokens=1))

    assert {400} == {answer.status_code for answer in refused}
    assert all(answer.json()["error"]["message"].endswith(".") or "JSON" in answer.text for answer in refused)
    assert took < 20
    assert healthy.is_success


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/rerank", "/admin/models"]
)
@pytest.mark.parametrize("depth", [500, 971, 5_000, 200_000])
def test_json_nested_too_deeply_is_the_sender_s_fault(served: Served, path: str, depth: int) -> None:
    content = (
        b'{"model": "quick", "messages": '
        + b"[" * depth
        + b"]" * depth
        + b', "tools": '
        + b"[" * depth
        + b"]" * depth
        + b"}"
    )
    answer = served.http.post(
        f"{served.url}{path}", content=content, headers={"content-type": "application/json"}, timeout=30
    )

    assert 400 == answer.status_code
    assert "error" in answer.json()


def test_who_owns_a_model_says_nothing_of_its_place(served: Served) -> None:
    assert {"lampstand"} == {model.owned_by for model in served.official.models.list()}


def test_who_waits_is_told_the_place_in_the_stream(served: Served) -> None:
    with served.http.stream(
        "POST", f"{served.url}/v1/chat/completions", json=body("slow", stream=True, max_tokens=3000)
    ) as first:
        lines = first.iter_lines()
        while not next(lines).startswith("data:"):
            pass
        with served.http.stream(
            "POST", f"{served.url}/v1/chat/completions", json=body("quick", stream=True, max_tokens=3)
        ) as second:
            comments = second.iter_lines()
            told = next(comments)
            first.close()
            rest = list(comments)

    assert ": queue 1" == told
    assert any(line.startswith("data: {") for line in rest)
    assert "data: [DONE]" in rest


def test_one_person_s_questions_stop_neither_another_s_nor_a_search(served: Served) -> None:
    async def scene() -> tuple[list[httpx.Response], httpx.Response, httpx.Response]:
        transport = httpx.AsyncHTTPTransport(uds=served.http._transport._pool._uds)
        async with httpx.AsyncClient(transport=transport, base_url=served.url, timeout=240) as http:
            asked = [
                asyncio.create_task(http.post("/v1/chat/completions", json=body("slow", max_tokens=20, user="eager")))
                for _ in range(12)
            ]
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            other = await http.post("/v1/chat/completions", json=body("slow", max_tokens=3, user="anna"))
            found = await http.post("/v1/embeddings", json={"model": MINILM, "input": "a lamp in the night"})
            return await asyncio.gather(*asked), other, found

    eager, other, found = asyncio.run(scene())

    assert {200, 503} == {answer.status_code for answer in eager}
    assert all("retry-after" in answer.headers for answer in eager if answer.status_code == 503)
    assert (200, 200) == (other.status_code, found.status_code)


def test_a_full_queue_answers_503_with_retry_after(served: Served) -> None:
    async def scene() -> list[httpx.Response]:
        transport = httpx.AsyncHTTPTransport(uds=served.http._transport._pool._uds)
        async with httpx.AsyncClient(transport=transport, base_url=served.url, timeout=240) as http:
            asked = [
                http.post("/v1/chat/completions", json=body("slow", max_tokens=20, user=f"person {number}"))
                for number in range(8)
            ]
            return await asyncio.gather(*asked)

    answers = asyncio.run(scene())
    refused = [answer for answer in answers if answer.status_code == 503]

    assert 4 == len(refused)
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert "3 requests wait for cpu already" in refused[0].json()["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
def test_who_leaves_stops_the_model_within_a_tenth_of_a_second(served: Served, stream: bool) -> None:
    async def leave() -> None:
        transport = httpx.AsyncHTTPTransport(uds=served.http._transport._pool._uds)
        async with httpx.AsyncClient(transport=transport, base_url=served.url, timeout=60) as http:
            asked = asyncio.create_task(
                http.post("/v1/chat/completions", json=body("slow", stream=stream, max_tokens=8000))
            )
            await asyncio.to_thread(wait_until, lambda: in_use(served, "slow"))
            asked.cancel()

    for _ in range(3):
        asyncio.run(leave())
        left = time.monotonic()
        wait_until(lambda: not in_use(served, "slow"))
        freed = time.monotonic() - left
        # The process itself is free too: the next request does not wait for the rest of the last.
        began = time.monotonic()
        served.official.chat.completions.create(**body("slow", max_tokens=1))

        assert freed < 0.1
        assert time.monotonic() - began < 1


def test_texts_of_one_who_left_are_not_embedded(served: Served) -> None:
    async def leave() -> None:
        transport = httpx.AsyncHTTPTransport(uds=served.http._transport._pool._uds)
        async with httpx.AsyncClient(transport=transport, base_url=served.url, timeout=60) as http:
            texts = [f"a river and a lamp {number} " * 30 for number in range(2000)]
            asked = asyncio.create_task(http.post("/v1/embeddings", json={"model": MINILM, "input": texts}))
            await asyncio.to_thread(wait_until, lambda: in_use(served, MINILM))
            asked.cancel()

    asyncio.run(leave())
    began = time.monotonic()
    wait_until(lambda: not in_use(served, MINILM))

    assert time.monotonic() - began < 2


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[Served]:
    """A runtime with a slow chat model, and a queue in which one person may have several places."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "runtime.toml").write_text("queue_capacity = 64\n")
    asyncio.run(Catalogue(folder).add(make_tiny_gguf(tmp_path / "slow.gguf", layers=80)))
    socket = tmp_path / "models.sock"
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=60) as http:
        running = serve(folder, "--socket", str(socket), url="http://models", http=http)
        running.official.chat.completions.create(model="slow", messages=QUESTION, max_tokens=1)
        yield running
        running.process.terminate()
        running.process.wait(timeout=20)


def test_many_questions_of_one_do_not_hold_up_another(roomy: Served) -> None:
    async def scene() -> list[str]:
        transport = httpx.AsyncHTTPTransport(uds=roomy.http._transport._pool._uds)
        order: list[str] = []
        async with httpx.AsyncClient(transport=transport, base_url=roomy.url, timeout=60) as http:

            async def ask(user: str) -> None:
                await http.post("/v1/chat/completions", json=body("slow", max_tokens=60, user=user))
                order.append(user)

            eager = [asyncio.create_task(ask("eager")) for _ in range(5)]
            await asyncio.to_thread(wait_until, lambda: roomy.http.get(f"{roomy.url}/health").json()["queued"] == 4)
            await asyncio.gather(*eager, ask("anna"))
        return order

    # One of the eager person's is being written, and the next one has its turn at most before Anna.
    assert "anna" in asyncio.run(scene())[:3]


def test_managers_see_prediction_beside_measurement(served: Served) -> None:
    status = served.http.post(f"{served.url}/admin/models/quick/load").json()

    assert "loaded" == status["state"]
    assert 0 < status["taken_bytes"] <= status["predicted_bytes"]
    assert status["plan"]["reasons"]


def test_managers_load_unload_pin_and_plan(served: Served) -> None:
    admin = f"{served.url}/admin"

    assert "available" == served.http.post(f"{admin}/models/quick/unload").json()["state"]
    assert served.http.post(f"{admin}/models/quick/pin").json()["pinned"]
    assert not served.http.post(f"{admin}/models/quick/unpin").json()["pinned"]
    plan = served.http.get(f"{admin}/plan", params={"model": "quick"}).json()
    assert ("cpu", 8192) == (plan["device"], plan["context"])
    devices = served.http.get(f"{admin}/devices").json()
    assert "No NVIDIA driver" in devices["machine"]["gpu"]["finding"] or devices["machine"]["gpu"]["gpus"]
    assert 404 == served.http.post(f"{admin}/models/nothing/load").status_code


def test_managers_add_and_remove(served: Served, tmp_path: Path) -> None:
    file = make_tiny_gguf(tmp_path / "third.gguf", seed=3)
    added = served.http.post(f"{served.url}/admin/models", json={"path": str(file)})

    assert 201 == added.status_code
    assert served.official.chat.completions.create(**body("third", max_tokens=1)).choices
    assert served.http.delete(f"{served.url}/admin/models/third").is_success
    assert 404 == served.http.get(f"{served.url}/v1/models/third").status_code
    assert 400 == served.http.delete(f"{served.url}/admin/models/{MINILM}").status_code
    assert file.exists()


def test_what_happens_is_counted_for_prometheus(served: Served) -> None:
    served.official.chat.completions.create(**body("quick", max_tokens=2))
    text = served.http.get(f"{served.url}/metrics").text

    for name in ("requests_total", "completion_tokens_total", "first_token_seconds_bucket", "loaded_bytes", "queued"):
        assert f"lampstand_models_{name}" in text


def test_a_repeated_query_is_answered_from_memory_within_a_millisecond(served: Served) -> None:
    asked = {"model": MINILM, "input": "what was asked before"}
    served.http.post(f"{served.url}/v1/embeddings", json=asked)
    timings = [served.http.post(f"{served.url}/v1/embeddings", json=asked).headers["server-timing"] for _ in range(20)]

    assert min(float(timing.partition("dur=")[2]) for timing in timings) < 1
    assert "embed;dur=" in timings[0]


def test_an_address_needs_the_token(tmp_path: Path) -> None:
    token, port = tmp_path / "token", free_port()
    token.write_text("secret\n")
    with httpx.Client(timeout=10, trust_env=False) as http:
        served = serve(
            tmp_path / "models",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--token-file",
            str(token),
            url=f"http://127.0.0.1:{port}",
            http=http,
        )
        try:
            assert 401 == http.get(f"{served.url}/v1/models").status_code
            assert 401 == http.get(f"{served.url}/v1/models", headers={"authorization": "Bearer wrong"}).status_code
            assert http.get(f"{served.url}/v1/models", headers={"authorization": "Bearer secret"}).is_success
        finally:
            served.process.terminate()
            served.process.wait(timeout=20)


def test_an_address_of_the_network_is_not_served_without_a_token(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "models.cli", "serve", "--folder", str(tmp_path), "--host", "0.0.0.0"]
    command += ["--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert 2 == done.returncode
    assert "--token-file" in done.stderr


def test_pages_of_other_sites_may_not_use_a_runtime_without_token(served: Served) -> None:
    answer = served.http.post(
        f"{served.url}/v1/chat/completions", json=body("quick"), headers={"origin": "http://elsewhere.example"}
    )

    assert 401 == answer.status_code

"""A real `lampstand models serve` with chat models of random weights, and clients that send requests to it."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import openai
from fakes.tiny_gguf import make_tiny_gguf
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from models.catalogue.catalogue import Catalogue

QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Where is the lamp?"}]


def body(model: str, **more: object) -> dict[str, object]:
    """Return the body of a chat request with the question `QUESTION`."""
    return {"model": model, "messages": QUESTION, "temperature": 0, **more}


def official_client(http: httpx.Client) -> openai.OpenAI:
    """Return OpenAI's client, connected to a runtime through `http`."""
    return openai.OpenAI(
        base_url="http://models/v1",
        api_key="none",
        http_client=http,  # type: ignore[arg-type] # it accepts clients of httpx too, but its annotation does not say so
        max_retries=0,
    )


class ModelServer:
    """The clients of a runtime that listens on a socket."""

    def __init__(self, socket: Path, http: httpx.Client) -> None:
        self.socket, self.http = socket, http

    @property
    def official(self) -> openai.OpenAI:
        return official_client(self.http)

    def chat(self, model: str, *, max_tokens: int) -> ChatCompletion:
        """Return the official client's answer to the question, without randomness."""
        return self.official.chat.completions.create(
            model=model, messages=QUESTION, max_tokens=max_tokens, temperature=0
        )

    def asynchronous(self, *, timeout: float) -> httpx.AsyncClient:
        """Return a client for concurrent requests."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.socket))
        return httpx.AsyncClient(transport=transport, base_url="http://models", timeout=timeout)

    def in_use(self, model: str) -> bool:
        statuses = self.http.get("/admin/models").json()["models"]
        users: int = next(status["in_use"] for status in statuses if status["id"] == model)
        return users > 0


@contextlib.contextmanager
def serving_models(folder: Path, *arguments: str, http: httpx.Client) -> Iterator[None]:
    """Run `lampstand models serve` until the block ends. The block starts after the first successful health check."""
    process = subprocess.Popen([sys.executable, "-P", "-m", "models.cli", "serve", "--folder", str(folder), *arguments])
    try:
        _wait(http)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextlib.contextmanager
def serving_chat_models(home: Path, *, layers: Mapping[str, int]) -> Iterator[ModelServer]:
    """Serve the models folder of `home`, with loaded chat models. `layers` has the number of layers per model."""
    folder, socket = home / "models", home / "models.sock"
    for name, count in layers.items():
        asyncio.run(Catalogue(folder).add(make_tiny_gguf(home / f"{name}.gguf", layers=count)))
    transport = httpx.HTTPTransport(uds=str(socket))
    with (
        httpx.Client(transport=transport, base_url="http://models", timeout=60) as http,
        serving_models(folder, "--socket", str(socket), http=http),
    ):
        server = ModelServer(socket, http)
        for name in layers:
            server.official.chat.completions.create(model=name, messages=QUESTION, max_tokens=1)
        yield server


def _wait(http: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if http.get("/health").is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)  # the runtime does not listen yet, and there is no event to wait for
    raise AssertionError("the runtime does not answer")

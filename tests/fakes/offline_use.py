"""Uses every part of Lampstand once. `fakes.offline` runs this program in namespaces without a network.

python offline_use.py HOME
"""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.serving import LAMPSTAND, Served, serving
from fakes.tiny_ggml import make_tiny_ggml
from fakes.tiny_gguf import make_tiny_gguf

from appliance.infrastructure.messenger import AppriseMessenger, NotDelivered
from appliance.infrastructure.paths import DataFolder
from models.client import Client
from models.messages import ChatMessage, ChatRequest
from server.bootstrap import open_appliance

QUESTION = "What is love?"
# With telemetry, onnxruntime makes its first network call nine seconds after it loads a model.
LONG_ENOUGH_S = 12.0
REMOVED = "RV1909"
JOBS: tuple[Mapping[str, object], ...] = (
    {"kind": "import", "location": "/usr/share/sword", "only": [REMOVED]},
    {"kind": "index"},
    {"kind": "graph"},
    {"kind": "backup"},
)
PAGES = (
    "/",
    "/read?ref=John+3",
    "/search?q=bread",
    "/ask",
    "/schema",
    "/api/v1/passages?ref=John+3:16",
    "/api/v1/related?ref=John+3:16",
)
COMMANDS = (
    ("read", "John 3:16"),
    ("search", "do not be anxious", "--mode", "semantic"),
    ("ask", QUESTION),
    ("status",),
    ("doctor",),
    ("models", "probe"),
)


def main() -> None:
    home = Path(sys.argv[1])
    with _step("models add"):
        command(home, "models", "add", str(make_tiny_gguf(home / "new.gguf")))
        command(home, "models", "add", str(make_tiny_ggml(home / "old.ggml")), "--family", "gpt2")
    prepare_work(home)
    with serving(home, command="up") as running:
        with _step("each model library"):
            asyncio.run(use_each_model(home, ["new", "old"]))
        began = time.monotonic()
        with _step("pages, searches, questions"):
            for page in PAGES:
                running.http.get(page).raise_for_status()
            search(running, "semantic")
            ask(running)
            query_the_graph(running)
            send_a_message()
        jobs = [
            running.http.post("/api/v1/jobs", json=job_request).raise_for_status().json()["id"] for job_request in JOBS
        ]
        with _step("jobs"):
            for job in jobs:
                wait_for_job(running, job)
        for arguments in COMMANDS:
            with _step(" ".join(arguments)):
                command(home, *arguments)
        while time.monotonic() - began < LONG_ENOUGH_S:
            search(running, "hybrid")
    with _step("a search without a server"):
        command(home, "search", "bread", "--mode", "semantic")


@contextlib.contextmanager
def _step(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:6.1f} s  {name}", flush=True)


def prepare_work(home: Path) -> None:
    """Prepare a translation to import and verses to embed."""
    appliance = open_appliance(home)
    with appliance.library.write() as work:
        work.execute(
            "UPDATE verses SET text = text || ' Selah.' WHERE translation = 'WEB' AND verse_id BETWEEN 19023001 AND 19023006"
        )
    appliance.close()
    command(home, "library", "remove", REMOVED, "--yes")


def command(home: Path, *arguments: str) -> None:
    result = subprocess.run(
        [LAMPSTAND, "--home", str(home), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 0, f"{arguments}: {result.stderr}{result.stdout}"


def search(running: Served, mode: str) -> None:
    answer = running.http.get("/api/v1/search", params={"q": "do not be anxious about tomorrow", "mode": mode})
    assert "Matt.6.34" in answer.raise_for_status().text


def ask(running: Served) -> None:
    message = running.http.post("/api/v1/ask", json={"question": QUESTION}).raise_for_status().json()
    stream = running.http.get(f"/api/v1/messages/{message['id']}/stream").text
    assert "event: done" in stream, stream


def query_the_graph(running: Served) -> None:
    query = {"query": "MATCH (v:Verse) RETURN count(v)"}
    running.http.post("/api/v1/graph/query", json=query).raise_for_status()


def send_a_message() -> None:
    """Send a message to a closed port of this machine."""
    with contextlib.suppress(NotDelivered):
        AppriseMessenger(frozenset({"json"})).send("json://127.0.0.1:9", "A title", "A text")


async def use_each_model(home: Path, chat_models: list[str]) -> None:
    """Use ONNX Runtime (after its graph is built), torch, llama.cpp and ctransformers."""
    folder = DataFolder(home)
    client = Client(folder=folder.models, socket=folder.models_socket)
    for name in ("all-MiniLM-L6-v2", "all-MiniLM-L6-v2-torch"):
        assert client.embed(["a lamp"], model=name)
    for name in chat_models:
        request = ChatRequest(model=name, messages=[ChatMessage(role="user", content=QUESTION)], max_tokens=8)
        assert [piece async for piece in client.stream_chat(request)]
    client.close()


def wait_for_job(running: Served, number: int) -> None:
    address = f"/api/v1/jobs/{number}"
    while (job := running.http.get(address).raise_for_status().json())["state"] in ("queued", "running"):
        time.sleep(0.2)  # another process runs the job, and sends no event
    assert job["state"] == "done", job


if __name__ == "__main__":
    main()

"""A replacement for the model runtime. It reads query vectors from one file, so that two versions use the same vectors.

If a text is not in the file, the model of a data folder embeds it, and the vector is added to the file.
"""

import base64
import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from appliance.infrastructure.atomic import replace_content
from models.backends import LoadOptions
from models.backends.onnx import OnnxBackend
from models.messages import EmbeddingItem, EmbeddingRequest, EmbeddingResponse, Usage


class StoredVectors:
    """Vectors by text. Thread-safe."""

    def __init__(self, file: Path, model: Path) -> None:
        """`model` is a folder that contains an ONNX graph and its tokenizer."""
        self._file, self._model = file, model
        self._lock = threading.Lock()
        self._vectors: dict[str, bytes] = msgspec.msgpack.decode(file.read_bytes()) if file.exists() else {}
        self._backend: OnnxBackend | None = None

    def vector_of(self, text: str) -> bytes:
        """The vector of a text, as little-endian float32 bytes."""
        with self._lock:
            if text not in self._vectors:
                self._backend = self._backend or OnnxBackend(LoadOptions(path=str(self._model), threads=1))
                (self._vectors[text],), _ = self._backend.embed([text])
            return self._vectors[text]

    def save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            replace_content(self._file, msgspec.msgpack.encode(self._vectors))


@contextlib.contextmanager
def serving_vectors(vectors: StoredVectors) -> Iterator[str]:
    """Run a server for `/v1/embeddings` until the block ends. Yield its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"{}")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/v1/embeddings":
                self.send_error(404)
                return
            request = msgspec.json.decode(body, type=EmbeddingRequest)
            texts = [request.input] if isinstance(request.input, str) else request.input
            items = [
                EmbeddingItem(index=number, embedding=base64.b64encode(vectors.vector_of(text)).decode())
                for number, text in enumerate(texts)
            ]
            usage = Usage(prompt_tokens=0, total_tokens=0)
            self._answer(msgspec.json.encode(EmbeddingResponse(data=items, model=request.model, usage=usage)))

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

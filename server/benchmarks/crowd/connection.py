"""A minimal HTTP/1.1 client. On a small machine, a client library would take processor time from the measured server."""

import asyncio
import contextlib
import re
import resource
import zlib
from collections.abc import AsyncIterator
from typing import Self

from server.benchmarks.crowd.messages import Call

SERVER = "127.0.0.1"
BUFFER_BYTES = 1 << 20
DESCRIPTORS = 4_096
DETECT_GZIP_OR_ZLIB = 47
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_GZIP = re.compile(rb"\r\ncontent-encoding: *gzip", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class ConnectionLost(OSError):
    """The server closed the connection before the answer was complete."""


class Connection:
    """One connection from a given local address."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._reader, self._writer, self._port = reader, writer, port
        self._head = b""

    @classmethod
    async def open(cls, source: str, port: int) -> Self:
        """Connect from `source`, an address in 127.0.0.0/8. Raises OSError."""
        reader, writer = await asyncio.open_connection(SERVER, port, local_addr=(source, 0), limit=BUFFER_BYTES)
        return cls(reader, writer, port)

    async def send(self, call: Call) -> int:
        """Send a request and read the head of the answer. Return the status. Raises ConnectionLost."""
        self._writer.write(encode(call, self._port))
        try:
            self._head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            raise ConnectionLost from error
        return int(self._head.split(b" ", 2)[1])

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the parts of the body as the server sends them. Raises ConnectionLost."""
        length = _LENGTH.search(self._head)
        try:
            if _CHUNKED.search(self._head):
                while size := int(await self._reader.readuntil(b"\r\n"), 16):
                    yield (await self._reader.readexactly(size + 2))[:-2]
                await self._reader.readexactly(2)
            elif length:
                yield await self._reader.readexactly(int(length[1]))
        except asyncio.IncompleteReadError as error:
            raise ConnectionLost from error

    async def skip_body(self) -> None:
        """Read the body to its end. Raises ConnectionLost."""
        async for _ in self.body():
            pass

    async def whole_body(self) -> bytes:
        """Return the decompressed body. Raises ConnectionLost."""
        body = b"".join([piece async for piece in self.body()])
        return zlib.decompress(body, DETECT_GZIP_OR_ZLIB) if _GZIP.search(self._head) else body

    async def until_closed(self, beginning: bytes) -> None:
        """Send the beginning of a request, then wait until the server closes the connection."""
        self._writer.write(beginning)
        with contextlib.suppress(OSError):
            await self._reader.read()

    @property
    def stays_open(self) -> bool:
        """True if the connection can be used for another request."""
        return not _CLOSE.search(self._head)

    def close(self) -> None:
        self._writer.close()


def allow_many_connections() -> None:
    """Raise the limit of open files of this process, up to the limit of the system."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, hard_limit), hard_limit))


def encode(call: Call, port: int) -> bytes:
    """Return the bytes of a request."""
    body = call.body.encode()
    lines = [f"{call.method} {call.path} HTTP/1.1", f"host: {SERVER}:{port}"]
    if call.gzip:
        lines.append("accept-encoding: gzip")
    if call.token:
        lines.append(f"authorization: Bearer {call.token}")
    if call.session:
        lines.append(f"cookie: lampstand={call.session}")
    if call.method == "POST":
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body

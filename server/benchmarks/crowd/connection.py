"""HTTP/1.1 by hand: on a small machine, a client library takes processor time from the server that is measured."""

import asyncio
import contextlib
import re
import zlib
from collections.abc import AsyncIterator
from typing import Self

from server.benchmarks.crowd.messages import Call

SERVER = "127.0.0.1"
BUFFER_BYTES = 1 << 20
GZIP_OR_ZLIB = 47
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_GZIP = re.compile(rb"\r\ncontent-encoding: *gzip", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class ConnectionLost(OSError):
    """The server closed the connection before the answer was complete."""


class Connection:
    """One connection from an address of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._reader, self._writer, self._port = reader, writer, port
        self._head = b""

    @classmethod
    async def open(cls, source: str, port: int) -> Self:
        """Connect from `source`, an address in 127.0.0.0/8. Raises OSError."""
        reader, writer = await asyncio.open_connection(SERVER, port, local_addr=(source, 0), limit=BUFFER_BYTES)
        return cls(reader, writer, port)

    async def send(self, call: Call) -> int:
        """Send a request and read the head of its answer; the status. Raises ConnectionLost."""
        self._writer.write(encode(call, self._port))
        try:
            self._head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            raise ConnectionLost from error
        return int(self._head.split(b" ", 2)[1])

    async def body(self) -> AsyncIterator[bytes]:
        """The pieces of the body, as they were sent. Raises ConnectionLost."""
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
        """The body, decompressed. Raises ConnectionLost."""
        body = b"".join([piece async for piece in self.body()])
        return zlib.decompress(body, GZIP_OR_ZLIB) if _GZIP.search(self._head) else body

    async def until_closed(self, beginning: bytes) -> None:
        """Send the beginning of a request, then wait until the server closes the connection."""
        self._writer.write(beginning)
        with contextlib.suppress(OSError):
            await self._reader.read()

    @property
    def stays_open(self) -> bool:
        """True where another request may follow the last answer."""
        return not _CLOSE.search(self._head)

    def close(self) -> None:
        self._writer.close()


def encode(call: Call, port: int) -> bytes:
    """The bytes of a request."""
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

"""A server that answers each request as a test says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Answer = Callable[[str], Awaitable[bytes]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"


@contextlib.asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """The port of a server on loopback. `answer` gets the head of a request and gives bytes; none closes the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                for line in head.splitlines():
                    if line.startswith("content-length: "):
                        await reader.readexactly(int(line.partition(": ")[2]))
                answered = await answer(head)
                if not answered:
                    break
                writer.write(answered)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()

"""Clients that embed single queries at the same time, in a process of their own.

    python -m server.benchmarks.load SOCKET MODEL

Each line on standard input is `[clients, texts]`: so many clients send the texts, one a request, each its next when its last
is answered. The answer is a line with the seconds it took in all, and those of each request.
"""

import asyncio
import sys
import time

import httpx
import msgspec

TIMEOUT_S = 60.0


class Burst(msgspec.Struct, frozen=True, array_like=True):
    """What to send. Vectors are computed anew unless `cached`."""

    clients: int
    texts: list[str]
    cached: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """Seconds in all, of each request, and inside the service."""

    seconds: float
    each: list[float]
    inside_ms: list[float]


async def main() -> None:
    socket, model = sys.argv[1:]
    transport = httpx.AsyncHTTPTransport(uds=socket, limits=httpx.Limits(max_connections=64))
    async with httpx.AsyncClient(transport=transport, base_url="http://models", timeout=TIMEOUT_S) as http:
        while line := await asyncio.to_thread(sys.stdin.readline):
            outcome = await _send(http, model, msgspec.json.decode(line, type=Burst))
            sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")
            sys.stdout.flush()


async def _send(http: httpx.AsyncClient, model: str, burst: Burst) -> Outcome:
    texts = iter(burst.texts)
    headers = {"content-type": "application/json"} | ({} if burst.cached else {"cache-control": "no-cache"})
    each: list[float] = []
    inside: list[float] = []

    async def client() -> None:
        for text in texts:
            body = msgspec.json.encode({"model": model, "input": text, "encoding_format": "base64"})
            began = time.perf_counter()
            response = await http.post("/v1/embeddings", content=body, headers=headers)
            each.append(time.perf_counter() - began)
            response.raise_for_status()
            inside.append(float(response.headers["server-timing"].partition("dur=")[2]))

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(burst.clients)))
    return Outcome(time.perf_counter() - began, each, inside)


if __name__ == "__main__":
    asyncio.run(main())

"""The speed of search through HTTP, with one client and with thirty clients, and the costs of its parts."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

import httpx
import numpy as np

from appliance.errors import NotFound
from appliance.scripture.canon import WHOLE_CANON
from appliance.scripture.dictionaries.queries import browse_topics
from appliance.scripture.search.fts import parse_query, rarest_content_words
from appliance.scripture.search.hits import Mode
from appliance.scripture.search.in_order import words_of
from appliance.scripture.search.ranking.bm25_index import BM25Index, bm25_index
from appliance.scripture.search.ranking.quantized_vectors import quantized
from appliance.scripture.search.ranking.signals import TEXT_DEPTH
from appliance.scripture.search.ranking.top import top
from appliance.scripture.search.vector_search import nearest_verses
from appliance.scripture.search.word_search import match_words
from server.benchmarks.report import Measurement, at_least, at_most, plain, quantile
from server.benchmarks.serving import ANSWER_S, served
from server.bootstrap import Appliance

QUERIES, CLIENTS, QUERIES_PER_CLIENT, RAW_QUERIES = 300, 30, 20, 40
MAX_TOPICS = 100_000
MAX_P50_MS, MAX_P95_MS, MIN_PER_SECOND, MAX_SUGGEST_MS, MAX_SEMANTIC_MS = 18.0, 25.0, 60.0, 10.0, 10.0
SELECT_SOME = "SELECT text FROM verses WHERE translation = ? AND verse_id % 1000 > 0 ORDER BY verse_id"
OnProgress = Callable[[str], None]


class NothingToSearch(NotFound):
    """The library has too few topics or verses to create queries."""


def measure_search(appliance: Appliance, on_progress: OnProgress) -> list[Measurement]:
    """Return `p50_ms`, `p95_ms`, `per_second_30_clients`, `lost`, `suggest_p50_ms`, `semantic_p50_ms`, and the costs of parts.

    Raises NothingToSearch or MeasurementFailed.
    """
    queries = list(_queries(appliance, QUERIES + CLIENTS * QUERIES_PER_CLIENT))
    on_progress("costs of the parts")
    raw = _raw_costs(appliance, queries)
    with served(appliance.folder.home, "search?q=light") as url:
        on_progress("one client")
        single_client_ms = _one_by_one(url, queries[:QUERIES], on_progress)
        on_progress("suggestions")
        suggest_ms = _suggest(url, queries[:QUERIES])
        on_progress(f"{CLIENTS} clients")
        seconds, lost = asyncio.run(_in_parallel(url, queries[QUERIES:]))
        # This measurement is last, because it caches the vectors of its queries. This would change the other measurements.
        on_progress("one client, search by meaning only")
        semantic_ms = _one_by_one(url, queries[:QUERIES], on_progress, Mode.SEMANTIC)
    count = CLIENTS * QUERIES_PER_CLIENT
    return [
        at_most("p50_ms", statistics.median(single_client_ms), "ms", MAX_P50_MS),
        at_most("p95_ms", quantile(single_client_ms, 0.95), "ms", MAX_P95_MS),
        at_least("per_second_30_clients", (count - lost) / seconds, "searches/s", MIN_PER_SECOND),
        at_most("lost", lost, "searches", 0),
        at_most("suggest_p50_ms", statistics.median(suggest_ms), "ms", MAX_SUGGEST_MS),
        at_most("semantic_p50_ms", statistics.median(semantic_ms), "ms", MAX_SEMANTIC_MS),
        *raw,
    ]


def _queries(appliance: Appliance, count: int) -> Iterator[str]:
    """Yield topics and the first three to eight words of verses. No query is repeated, because its vector would be cached."""
    reader, random = appliance.library.reader, Random(2)  # noqa: S311 - the same queries in each run
    topics = [topic.headword.lower() for topic in browse_topics(appliance.library, "", limit=MAX_TOPICS)]
    verses = [str(row[0]) for row in reader.rows(SELECT_SOME, (appliance.settings.embedded_translation,))]
    if len(topics) < count or len(verses) < count:
        raise NothingToSearch(
            "The library has too few topics or verses.", remedy="./packaging/run.sh installs translations and topics."
        )
    for topic, verse in zip(random.sample(topics, count), random.sample(verses, count), strict=True):
        yield topic if random.random() < 0.5 else " ".join(words_of(verse)[: random.randint(3, 8)])


def _one_by_one(url: str, queries: list[str], on_progress: OnProgress, mode: Mode = Mode.HYBRID) -> list[float]:
    times_ms = []
    with httpx.Client(timeout=ANSWER_S, trust_env=False) as client:
        for number, query in enumerate(queries, start=1):
            start = time.perf_counter()
            client.get(f"{url}/search", params={"q": query, "mode": mode.value}).raise_for_status()
            times_ms.append((time.perf_counter() - start) * 1000)
            on_progress(f"one client, {number} of {len(queries)}")
    return times_ms


def _suggest(url: str, queries: list[str]) -> list[float]:
    """Return the milliseconds of suggestions for the first letters of each query."""
    times_ms = []
    with httpx.Client(timeout=ANSWER_S, trust_env=False) as client:
        for number, query in enumerate(queries):
            start = time.perf_counter()
            client.get(f"{url}/suggest", params={"q": query[: 1 + number % 6]}).raise_for_status()
            times_ms.append((time.perf_counter() - start) * 1000)
    return times_ms


async def _in_parallel(url: str, queries: list[str]) -> tuple[float, int]:
    """Return the total seconds of all clients and the number of failed searches.

    A client sends its next query after the answer to its last query.
    """
    remaining = iter(queries)
    lost = 0

    async def call(client: httpx.AsyncClient) -> None:
        nonlocal lost
        for query in remaining:
            try:
                lost += not (await client.get(f"{url}/search", params={"q": query})).is_success
            except httpx.HTTPError:
                lost += 1

    async with contextlib.AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(timeout=ANSWER_S, trust_env=False))
            for _ in range(CLIENTS)
        ]
        start = time.perf_counter()
        await asyncio.gather(*map(call, clients))
        return time.perf_counter() - start, lost


def _raw_costs(appliance: Appliance, queries: list[str]) -> list[Measurement]:
    library, translation = appliance.library, appliance.settings.embedded_translation
    vectors = appliance.embedder.embed(queries[:RAW_QUERIES])
    shape = appliance.derived.index_state().embedded, len(vectors[0]) // 4
    matrix = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
    parsed = [query for query in map(parse_query, queries[:RAW_QUERIES]) if query]
    words = [
        [token for word in rarest_content_words(query) for token in library.reader.tokens(word)] for query in parsed
    ]
    verses = library.reader.rows(SELECT_SOME, (translation,))
    index = bm25_index(len(verses), ((row, library.reader.tokens(verse), 1.0) for row, (verse,) in enumerate(verses)))
    quantized_matrix = quantized(matrix)
    float_vectors = [np.frombuffer(vector, dtype="<f4") for vector in vectors]
    costs: dict[str, list[Callable[[], object]]] = {
        "embed_ms": [partial(appliance.embedder.embed, [f"{query} again"]) for query in queries[:RAW_QUERIES]],
        "fts5_bm25_ms": [
            partial(match_words, library.reader, query, translation, WHOLE_CANON, TEXT_DEPTH, loose=True)
            for query in parsed
        ],
        "bm25_in_memory_ms": [partial(_best_by_words, index, tokens) for tokens in words],
        "sqlite_vec_200_ms": [partial(nearest_verses, library.reader, vector, WHOLE_CANON, 200) for vector in vectors],
        "all_cosines_ms": [partial(np.dot, matrix, vector) for vector in float_vectors],
        "all_cosines_in_bytes_ms": [partial(quantized_matrix.dot_products, vector) for vector in float_vectors],
    }
    return [plain(name, statistics.median(map(_milliseconds, calls)), "ms") for name, calls in costs.items()]


def _best_by_words(index: BM25Index, tokens: list[str]) -> object:
    return top(index.scores(tokens), TEXT_DEPTH)


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000

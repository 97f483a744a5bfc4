"""How fast search answers through HTTP, one caller at a time and thirty at once, beside what its parts cost."""

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
from appliance.scripture.search.fts import most_telling_words, parse_query
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

QUERIES, CLIENTS, EACH, RAW = 300, 30, 20, 40
MAX_TOPICS = 100_000
MAX_P50_MS, MAX_P95_MS, MIN_PER_SECOND, MAX_SUGGEST_MS, MAX_SEMANTIC_MS = 18.0, 25.0, 60.0, 10.0, 10.0
SELECT_SOME = "SELECT text FROM verses WHERE translation = ? AND verse_id % 1000 > 0 ORDER BY verse_id"
OnProgress = Callable[[str], None]


class NothingToSearch(NotFound):
    """The library has no topics or no text to make queries of."""


def measure_search(appliance: Appliance, on_progress: OnProgress) -> list[Measurement]:
    """`p50_ms`, `p95_ms`, `per_second_30_clients`, `lost`, `suggest_p50_ms`, `semantic_p50_ms`, and the raw costs.

    Raises NothingToSearch, MeasurementFailed.
    """
    queries = list(_queries(appliance, QUERIES + CLIENTS * EACH))
    on_progress("what the parts cost")
    raw = _raw_costs(appliance, queries)
    with served(appliance.folder.home, "search?q=light") as url:
        on_progress("one caller")
        alone = _one_by_one(url, queries[:QUERIES], on_progress)
        on_progress("suggestions")
        suggested = _suggest(url, queries[:QUERIES])
        on_progress(f"{CLIENTS} callers")
        seconds, lost = asyncio.run(_at_once(url, queries[QUERIES:]))
        # Last, so that everything before it is as it would be without: the vectors of these queries are remembered now.
        on_progress("one caller, by meaning alone")
        semantic = _one_by_one(url, queries[:QUERIES], on_progress, Mode.SEMANTIC)
    count = CLIENTS * EACH
    return [
        at_most("p50_ms", statistics.median(alone), "ms", MAX_P50_MS),
        at_most("p95_ms", quantile(alone, 0.95), "ms", MAX_P95_MS),
        at_least("per_second_30_clients", (count - lost) / seconds, "searches/s", MIN_PER_SECOND),
        at_most("lost", lost, "searches", 0),
        at_most("suggest_p50_ms", statistics.median(suggested), "ms", MAX_SUGGEST_MS),
        at_most("semantic_p50_ms", statistics.median(semantic), "ms", MAX_SEMANTIC_MS),
        *raw,
    ]


def _queries(appliance: Appliance, count: int) -> Iterator[str]:
    """Topics, and beginnings of verses of three to eight words: none twice, since what is embedded is remembered."""
    reader, random = appliance.library.reader, Random(2)  # noqa: S311 - the same queries in each run
    topics = [head.headword.lower() for head in browse_topics(appliance.library, "", limit=MAX_TOPICS)]
    verses = [str(row[0]) for row in reader.rows(SELECT_SOME, (appliance.settings.embedded_translation,))]
    if len(topics) < count or len(verses) < count:
        raise NothingToSearch(
            "The library has too little to search.", remedy="./packaging/run.sh brings texts and topics."
        )
    for topic, verse in zip(random.sample(topics, count), random.sample(verses, count), strict=True):
        yield topic if random.random() < 0.5 else " ".join(words_of(verse)[: random.randint(3, 8)])


def _one_by_one(url: str, queries: list[str], on_progress: OnProgress, mode: Mode = Mode.HYBRID) -> list[float]:
    took = []
    with httpx.Client(timeout=ANSWER_S, trust_env=False) as client:
        for number, query in enumerate(queries, start=1):
            began = time.perf_counter()
            client.get(f"{url}/search", params={"q": query, "mode": mode.value}).raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
            on_progress(f"one caller, {number} of {len(queries)}")
    return took


def _suggest(url: str, queries: list[str]) -> list[float]:
    """Milliseconds for the first letters of each query, as they are typed."""
    took = []
    with httpx.Client(timeout=ANSWER_S, trust_env=False) as client:
        for number, query in enumerate(queries):
            began = time.perf_counter()
            client.get(f"{url}/suggest", params={"q": query[: 1 + number % 6]}).raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
    return took


async def _at_once(url: str, queries: list[str]) -> tuple[float, int]:
    """Seconds that all clients took together, each sending its next query when its last is answered; how many failed."""
    waiting = iter(queries)
    lost = 0

    async def call(client: httpx.AsyncClient) -> None:
        nonlocal lost
        for query in waiting:
            try:
                lost += not (await client.get(f"{url}/search", params={"q": query})).is_success
            except httpx.HTTPError:
                lost += 1

    async with contextlib.AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(timeout=ANSWER_S, trust_env=False))
            for _ in range(CLIENTS)
        ]
        began = time.perf_counter()
        await asyncio.gather(*map(call, clients))
        return time.perf_counter() - began, lost


def _raw_costs(appliance: Appliance, queries: list[str]) -> list[Measurement]:
    library, text = appliance.library, appliance.settings.embedded_translation
    vectors = appliance.embedder.embed(queries[:RAW])
    shape = appliance.derived.index_state().embedded, len(vectors[0]) // 4
    matrix = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
    parsed = [query for query in map(parse_query, queries[:RAW]) if query]
    words = [[token for word in most_telling_words(query) for token in library.reader.tokens(word)] for query in parsed]
    verses = library.reader.rows(SELECT_SOME, (text,))
    index = bm25_index(len(verses), ((row, library.reader.tokens(verse), 1.0) for row, (verse,) in enumerate(verses)))
    in_bytes = quantized(matrix)
    unpacked = [np.frombuffer(vector, dtype="<f4") for vector in vectors]
    costs: dict[str, list[Callable[[], object]]] = {
        "embed_ms": [partial(appliance.embedder.embed, [f"{query} again"]) for query in queries[:RAW]],
        "fts5_bm25_ms": [
            partial(match_words, library.reader, query, text, WHOLE_CANON, TEXT_DEPTH, loose=True) for query in parsed
        ],
        "bm25_in_memory_ms": [partial(_best_by_words, index, tokens) for tokens in words],
        "sqlite_vec_200_ms": [partial(nearest_verses, library.reader, vector, WHOLE_CANON, 200) for vector in vectors],
        "all_cosines_ms": [partial(np.dot, matrix, vector) for vector in unpacked],
        "all_cosines_in_bytes_ms": [partial(in_bytes.dot_products, vector) for vector in unpacked],
    }
    return [plain(name, statistics.median(map(_milliseconds, calls)), "ms") for name, calls in costs.items()]


def _best_by_words(index: BM25Index, tokens: list[str]) -> object:
    return top(index.scores(tokens), TEXT_DEPTH)


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000

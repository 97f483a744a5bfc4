"""The time that the model runtime adds. The baseline of each figure is the same model called directly in a process."""

import asyncio
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

import msgspec

from models.api.admin import ModelRuntimeHealth
from models.backends import LoadOptions
from models.catalogue.catalogue import Catalogue
from models.catalogue.packaged import MINILM
from models.client import Client
from models.messages import ChatMessage
from models.probe.processor import read_processor
from models.settings import FILE as RUNTIME_FILE
from models.settings import RuntimeSettings
from server.benchmarks.direct import Batches, Generation, TokenTimes
from server.benchmarks.helper_process import HelperProcess, helper_process
from server.benchmarks.load import Burst, BurstOutcome, Conversation, TimedAnswer
from server.benchmarks.random_model import WORDS, Shape, write_random_model
from server.benchmarks.report import Measurement, at_least, at_most, plain

# The random model is made larger until it generates at most this many tokens per second, like useful models on a small machine.
# The targets are for at most 200 tokens per second, and the speed of a machine can rise by a quarter during a run.
MAX_TOKENS_PER_S = 160.0
TOKENS, ROUNDS = 160, 7
FIRST_TOKENS = 40
PROMPT_WORDS, SHORT_PROMPT_WORDS, CONVERSATION_WORDS = 24, 8, 420
CONVERSATIONS, ANSWER_TOKENS = 5, 16
QUERIES, SINGLE_QUERIES, DIRECT_QUERIES, BURSTS = 640, 200, 100, 9
CLIENTS = 32
MIN_SHARE, MAX_FIRST_TOKEN_MS, MAX_PREFIX_RATIO = 0.9, 5.0, 1 / 3
MIN_GAIN, MAX_SINGLE_MS, MAX_CACHED_MS, MAX_IDLE_MB = 3.0, 3.0, 1.0, 150.0
_SHAPES = [
    Shape(width=512, heads=8, kv_heads=8, head_size=64, feed_forward=1408, layers=layers)
    for layers in (8, 14, 20, 28, 40)
]
OnProgress = Callable[[str], None]


def measure_models(parent: Path, exported: Path, on_progress: OnProgress) -> list[Measurement]:
    """Return all measurements of a separate runtime in a temporary folder. `exported` is the exported embedding model."""
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=parent) as temporary_folder, ExitStack() as stack:
        folder = Path(temporary_folder) / "models"
        folder.mkdir()
        (folder / exported.name).symlink_to(exported)
        # The same number of threads as for the directly called model.
        (folder / RUNTIME_FILE).write_text(f"generation_threads = {read_processor().cores}\n", encoding="utf-8")
        socket = Path(temporary_folder) / "models.sock"
        client = Client(folder=folder, socket=socket, idle_exit_s=20)
        stack.callback(client.close)
        on_progress("starting a runtime")
        client.ensure_running()
        idle = client.get("/health", ModelRuntimeHealth).memory_bytes / 1e6
        load = stack.enter_context(helper_process("server.benchmarks.load", str(socket)))
        measurements = [at_most("idle_mb", idle, "MB", MAX_IDLE_MB)]
        measurements += _measure_generation(load, folder, on_progress)
        measurements += _measure_embedding(client, load, exported, on_progress)
    return measurements


def _measure_generation(load: HelperProcess, folder: Path, on_progress: OnProgress) -> list[Measurement]:
    file = folder.parent / "random.gguf"
    for shape in _SHAPES:
        on_progress(f"creating a chat model with {shape.layers} layers")
        write_random_model(file, shape)
        options = LoadOptions(path=str(file), threads=read_processor().cores, context=RuntimeSettings().context)
        with helper_process("server.benchmarks.direct", "llama_cpp", msgspec.json.encode(options).decode()) as direct:
            rate = rate_of(direct.ask(Generation(random_words(0, PROMPT_WORDS), TOKENS), TokenTimes))
            if rate > MAX_TOKENS_PER_S and shape is not _SHAPES[-1]:
                continue
            asyncio.run(Catalogue(folder).add(file))
            return [
                *measure_streams(load, file.stem, direct, on_progress),
                measure_prefix(load, file.stem, on_progress),
            ]
    raise AssertionError  # the last shape is always measured


def measure_streams(
    load: HelperProcess, model: str, direct: HelperProcess, on_progress: OnProgress
) -> list[Measurement]:
    """Measure chat streams of the runtime, each compared with the same model called directly."""
    _chat(load, model, [_user(random_words(1, PROMPT_WORDS))], TOKENS)

    def run(prompt: str, tokens: int, *, runtime_first: bool) -> tuple[TokenTimes, TokenTimes]:
        # The runtime and the direct call take turns, so that other load on the machine affects both.
        times = _chat(load, model, [_user(prompt)], tokens).times if runtime_first else None
        direct_times = direct.ask(Generation(f"User: {prompt}\n\nAssistant:", tokens), TokenTimes)
        return times or _chat(load, model, [_user(prompt)], tokens).times, direct_times

    streams, firsts = [], []
    for number in range(ROUNDS):
        on_progress(f"streaming, round {number + 1} of {ROUNDS}")
        streams.append(run(random_words(100 + number, PROMPT_WORDS), TOKENS, runtime_first=bool(number % 2)))
    for number in range(FIRST_TOKENS):
        on_progress(f"first tokens, {number + 1} of {FIRST_TOKENS}")
        firsts.append(run(random_words(200 + number, SHORT_PROMPT_WORDS), 2, runtime_first=bool(number % 2)))
    runtime_rate, direct_rate = (statistics.median(map(rate_of, runs)) for runs in zip(*streams, strict=True))
    first_ms, direct_first_ms = (
        statistics.median(times.first_s for times in runs) * 1000 for runs in zip(*firsts, strict=True)
    )
    # The median of the differences within pairs: a change of the machine's speed affects both runs of a pair.
    added_ms = statistics.median((times.first_s - direct_times.first_s) * 1000 for times, direct_times in firsts)
    return [
        plain("stream_tokens_per_s", runtime_rate, "tokens/s", baseline=round(direct_rate, 1)),
        at_least("stream_share_of_direct", runtime_rate / direct_rate, "share", MIN_SHARE, baseline=1.0),
        plain("first_token_ms", first_ms, "ms", baseline=round(direct_first_ms, 2)),
        at_most("first_token_added_ms", added_ms, "ms", MAX_FIRST_TOKEN_MS),
    ]


def measure_prefix(load: HelperProcess, model: str, on_progress: OnProgress) -> Measurement:
    """Measure two turns of conversations with a long system prompt, like a prompt with sources."""
    ratios = []
    for number in range(CONVERSATIONS):
        on_progress(f"conversation {number + 1} of {CONVERSATIONS}")
        system = ChatMessage(role="system", content=random_words(500 + number, CONVERSATION_WORDS))
        turns = [system, _user(random_words(600 + number, 8))]
        first = _chat(load, model, turns, ANSWER_TOKENS)
        turns += [ChatMessage(role="assistant", content=first.text), _user(random_words(700 + number, 8))]
        second = _chat(load, model, turns, ANSWER_TOKENS)
        ratios.append(second.times.first_s / first.times.first_s)
    return at_most("prefix_second_over_first", statistics.median(ratios), "share", MAX_PREFIX_RATIO, baseline=1.0)


def _measure_embedding(
    client: Client, load: HelperProcess, exported: Path, on_progress: OnProgress
) -> list[Measurement]:
    options = LoadOptions(path=str(exported), threads=read_processor().cores)
    client.embed(["ready"], model=MINILM)
    texts = query_source()
    with helper_process("server.benchmarks.direct", "onnx", msgspec.json.encode(options).decode()) as direct:
        direct.ask(["ready"], float)
        load.ask(Burst(MINILM, CLIENTS, texts(CLIENTS)), BurstOutcome)
        single_ms, direct_ms = [], []
        for number in range(SINGLE_QUERIES):
            on_progress(f"single queries, {number + 1} of {SINGLE_QUERIES}")
            (text,) = texts(1)
            direct_ms.append(direct.ask([text], float) * 1000)
            single_ms.append(load.ask(Burst(MINILM, 1, [text]), BurstOutcome).request_s[0] * 1000)
        rates: dict[int, list[float]] = {clients: [] for clients in (1, 8, CLIENTS)}
        direct_gains = []
        for number in range(BURSTS):
            sample = texts(QUERIES)
            for clients, client_rates in rates.items():
                on_progress(f"{clients} clients, round {number + 1} of {BURSTS}")
                client_rates.append(QUERIES / load.ask(Burst(MINILM, clients, sample), BurstOutcome).seconds)
            single_query_s = sum(direct.ask([text], float) for text in sample[:DIRECT_QUERIES]) / DIRECT_QUERIES
            direct_gains.append(single_query_s / (direct.ask(Batches(sample, CLIENTS), float) / QUERIES))
        repeated = texts(100)
        load.ask(Burst(MINILM, 1, repeated, cached=True), BurstOutcome)
        cached_ms = load.ask(Burst(MINILM, 1, repeated, cached=True), BurstOutcome).runtime_ms
    return embedding_figures(rates, direct_gains, single_ms, direct_ms, cached_ms)


def embedding_figures(
    rates: Mapping[int, Sequence[float]],
    direct_gains: Sequence[float],
    single_ms: Sequence[float],
    direct_ms: Sequence[float],
    cached_ms: Sequence[float],
) -> list[Measurement]:
    """Return the measurements of many queries and of single queries.

    `rates` has the queries per second of each round, by number of clients. `direct_gains` has the gain of batches without
    the runtime, per round.
    """
    one_client_rate = statistics.median(rates[1])
    # The median of the gains within rounds: the speed of a machine changes between rounds more than within a round.
    gain = statistics.median(many / one for one, many in zip(rates[1], rates[CLIENTS], strict=True))
    return [
        plain("embed_per_s_1_client", one_client_rate, "queries/s"),
        plain("embed_per_s_8_clients", statistics.median(rates[8]), "queries/s", baseline=round(one_client_rate, 1)),
        plain(
            "embed_per_s_32_clients", statistics.median(rates[CLIENTS]), "queries/s", baseline=round(one_client_rate, 1)
        ),
        # The baseline is the same gain without the runtime: batches on all cores compared with one text at a time.
        at_least("embed_gain_32_clients", gain, "times", MIN_GAIN, baseline=round(statistics.median(direct_gains), 4)),
        plain("embed_lone_ms", statistics.median(single_ms), "ms", baseline=round(statistics.median(direct_ms), 3)),
        at_most(
            "embed_lone_added_ms", statistics.median(single_ms) - statistics.median(direct_ms), "ms", MAX_SINGLE_MS
        ),
        at_most("embed_cached_ms", statistics.median(cached_ms), "ms", MAX_CACHED_MS),
    ]


def _chat(load: HelperProcess, model: str, messages: list[ChatMessage], tokens: int) -> TimedAnswer:
    return load.ask(Conversation(model, messages, tokens), TimedAnswer)


def _user(content: str) -> ChatMessage:
    return ChatMessage(role="user", content=content)


def rate_of(run: TokenTimes) -> float:
    """Return the tokens per second after the first token."""
    return (run.tokens - 1) / run.rest_s


def random_words(seed: int, count: int) -> str:
    """Return words of the random model's vocabulary, one token per word, in an order that depends on the seed."""
    state, words = seed * 2_654_435_761 + 1, []
    for _ in range(count):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        words.append(WORDS[(state >> 16) % (len(WORDS) - 1)])
    return "".join(words)


def query_source() -> Callable[[int], list[str]]:
    """Return a function that creates queries of 3 to 10 words. No query is repeated."""
    words = (
        "love fear peace lamp river shepherd mercy bread king temple prayer anger joy hope wisdom servant harvest water stone "
        "light forgive walk house mother brother mountain sea sword covenant psalm"
    ).split()

    def all_queries() -> Iterator[str]:
        random, used = Random(1), set[str]()  # noqa: S311 - the same queries in each run
        while True:
            query = " ".join(random.choices(words, k=random.randint(3, 10)))
            if query not in used:
                used.add(query)
                yield query

    queries = all_queries()
    return lambda count: [next(queries) for _ in range(count)]

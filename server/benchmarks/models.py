"""What the model runtime adds to a model: beside each figure stands the same model called directly in a process."""

import asyncio
import statistics
import tempfile
from collections.abc import Callable, Iterator
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
from server.benchmarks.companion import Companion, companion
from server.benchmarks.direct import Batches, Generation, Timed
from server.benchmarks.load import Burst, BurstOutcome, ChatTimed, Conversation
from server.benchmarks.random_model import WORDS, Shape, write_random_model
from server.benchmarks.report import Measurement, at_least, at_most, plain

# A model is made larger until it writes no more than this, as models that are of use do on a small machine; the bars are for
# 200 tokens a second or less, and a machine's speed may rise by a quarter in the middle of a run.
MAX_TOKENS_PER_S = 160.0
TOKENS, ROUNDS = 160, 7
FIRST_TOKENS = 40
PROMPT_WORDS, SHORT_PROMPT_WORDS, CONVERSATION_WORDS = 24, 8, 420
CONVERSATIONS, ANSWER_TOKENS = 5, 16
QUERIES, LONE_QUERIES, DIRECT_QUERIES, BURSTS = 640, 200, 100, 9
CLIENTS = 32
MIN_SHARE, MAX_FIRST_TOKEN_MS, MAX_PREFIX_RATIO = 0.9, 5.0, 1 / 3
MIN_GAIN, MAX_LONE_MS, MAX_CACHED_MS, MAX_IDLE_MB = 3.0, 3.0, 1.0, 150.0
_SHAPES = [
    Shape(width=512, heads=8, kv_heads=8, head_size=64, feed_forward=1408, layers=layers)
    for layers in (8, 14, 20, 28, 40)
]
OnProgress = Callable[[str], None]


def measure_models(scratch_in: Path, exported: Path, on_progress: OnProgress) -> list[Measurement]:
    """Every measurement, with a runtime of its own in a scratch folder. `exported` is an embedding model's export."""
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=scratch_in) as scratch, ExitStack() as stack:
        folder = Path(scratch) / "models"
        folder.mkdir()
        (folder / exported.name).symlink_to(exported)
        # With as many threads as the model that is called directly has.
        (folder / RUNTIME_FILE).write_text(f"writing_threads = {read_processor().cores}\n", encoding="utf-8")
        socket = Path(scratch) / "models.sock"
        client = Client(folder=folder, socket=socket, idle_exit_s=20)
        stack.callback(client.close)
        on_progress("starting a runtime")
        client.ensure_running()
        idle = client.get("/health", ModelRuntimeHealth).memory_bytes / 1e6
        load = stack.enter_context(companion("server.benchmarks.load", str(socket)))
        found = [at_most("idle_mb", idle, "MB", MAX_IDLE_MB)]
        found += _measure_generation(load, folder, on_progress)
        found += _measure_embedding(client, load, exported, on_progress)
    return found


def _measure_generation(load: Companion, folder: Path, on_progress: OnProgress) -> list[Measurement]:
    file = folder.parent / "random.gguf"
    for shape in _SHAPES:
        on_progress(f"making a chat model of {shape.layers} layers")
        write_random_model(file, shape)
        options = LoadOptions(path=str(file), threads=read_processor().cores, context=RuntimeSettings().context)
        with companion("server.benchmarks.direct", "llama_cpp", msgspec.json.encode(options).decode()) as direct:
            rate = _rate(direct.ask(Generation(_words(0, PROMPT_WORDS), TOKENS), Timed))
            if rate > MAX_TOKENS_PER_S and shape is not _SHAPES[-1]:
                continue
            asyncio.run(Catalogue(folder).add(file))
            return [
                *_measure_streams(load, file.stem, direct, on_progress),
                _measure_prefix(load, file.stem, on_progress),
            ]
    raise AssertionError  # the last shape is always measured


def _measure_streams(load: Companion, model: str, direct: Companion, on_progress: OnProgress) -> list[Measurement]:
    _chat(load, model, [_user(_words(1, PROMPT_WORDS))], TOKENS)

    def run(prompt: str, tokens: int, *, service_first: bool) -> tuple[Timed, Timed]:
        # In turns, so that what else the machine does meets both.
        timed = _chat(load, model, [_user(prompt)], tokens).timed if service_first else None
        bare = direct.ask(Generation(f"User: {prompt}\n\nAssistant:", tokens), Timed)
        return timed or _chat(load, model, [_user(prompt)], tokens).timed, bare

    streams, firsts = [], []
    for number in range(ROUNDS):
        on_progress(f"streaming, round {number + 1} of {ROUNDS}")
        streams.append(run(_words(100 + number, PROMPT_WORDS), TOKENS, service_first=bool(number % 2)))
    for number in range(FIRST_TOKENS):
        on_progress(f"first tokens, {number + 1} of {FIRST_TOKENS}")
        firsts.append(run(_words(200 + number, SHORT_PROMPT_WORDS), 2, service_first=bool(number % 2)))
    ours, bare = (statistics.median(map(_rate, runs)) for runs in zip(*streams, strict=True))
    first, bare_first = (statistics.median(each.first_s for each in runs) * 1000 for runs in zip(*firsts, strict=True))
    # Each pair by itself: of two runs one after another, the machine's moods meet both.
    added = statistics.median((mine.first_s - other.first_s) * 1000 for mine, other in firsts)
    return [
        plain("stream_tokens_per_s", ours, "tokens/s", baseline=round(bare, 1)),
        at_least("stream_share_of_direct", ours / bare, "share", MIN_SHARE, baseline=1.0),
        plain("first_token_ms", first, "ms", baseline=round(bare_first, 2)),
        at_most("first_token_added_ms", added, "ms", MAX_FIRST_TOKEN_MS),
    ]


def _measure_prefix(load: Companion, model: str, on_progress: OnProgress) -> Measurement:
    """Two turns of conversations whose system prompt is long, as one with sources is."""
    ratios = []
    for number in range(CONVERSATIONS):
        on_progress(f"conversation {number + 1} of {CONVERSATIONS}")
        system = ChatMessage(role="system", content=_words(500 + number, CONVERSATION_WORDS))
        turns = [system, _user(_words(600 + number, 8))]
        first = _chat(load, model, turns, ANSWER_TOKENS)
        turns += [ChatMessage(role="assistant", content=first.text), _user(_words(700 + number, 8))]
        second = _chat(load, model, turns, ANSWER_TOKENS)
        ratios.append(second.timed.first_s / first.timed.first_s)
    return at_most("prefix_second_over_first", statistics.median(ratios), "share", MAX_PREFIX_RATIO, baseline=1.0)


def _measure_embedding(client: Client, load: Companion, exported: Path, on_progress: OnProgress) -> list[Measurement]:
    options = LoadOptions(path=str(exported), threads=read_processor().cores)
    client.embed(["ready"], model=MINILM)
    texts = _queries()
    with companion("server.benchmarks.direct", "onnx", msgspec.json.encode(options).decode()) as direct:
        direct.ask(["ready"], float)
        load.ask(Burst(MINILM, CLIENTS, texts(CLIENTS)), BurstOutcome)
        lone, bare = [], []
        for number in range(LONE_QUERIES):
            on_progress(f"single queries, {number + 1} of {LONE_QUERIES}")
            (text,) = texts(1)
            bare.append(direct.ask([text], float) * 1000)
            lone.append(load.ask(Burst(MINILM, 1, [text]), BurstOutcome).each[0] * 1000)
        rates: dict[int, list[float]] = {clients: [] for clients in (1, 8, CLIENTS)}
        direct_gains = []
        for number in range(BURSTS):
            sample = texts(QUERIES)
            for clients, found in rates.items():
                on_progress(f"{clients} clients, round {number + 1} of {BURSTS}")
                found.append(QUERIES / load.ask(Burst(MINILM, clients, sample), BurstOutcome).seconds)
            one_by_one = sum(direct.ask([text], float) for text in sample[:DIRECT_QUERIES]) / DIRECT_QUERIES
            direct_gains.append(one_by_one / (direct.ask(Batches(sample, CLIENTS), float) / QUERIES))
        repeated = texts(100)
        load.ask(Burst(MINILM, 1, repeated, cached=True), BurstOutcome)
        cached = load.ask(Burst(MINILM, 1, repeated, cached=True), BurstOutcome).inside_ms
    alone = statistics.median(rates[1])
    # Each round by itself: a machine whose speed changes between rounds does not change within one.
    gain = statistics.median(many / one for one, many in zip(rates[1], rates[CLIENTS], strict=True))
    return [
        plain("embed_per_s_1_client", alone, "queries/s"),
        plain("embed_per_s_8_clients", statistics.median(rates[8]), "queries/s", baseline=round(alone, 1)),
        plain("embed_per_s_32_clients", statistics.median(rates[CLIENTS]), "queries/s", baseline=round(alone, 1)),
        # The baseline is what batches on every core gain over one text at a time where the library is called directly.
        at_least("embed_gain_32_clients", gain, "times", MIN_GAIN, baseline=round(statistics.median(direct_gains), 4)),
        plain("embed_lone_ms", statistics.median(lone), "ms", baseline=round(statistics.median(bare), 3)),
        at_most("embed_lone_added_ms", statistics.median(lone) - statistics.median(bare), "ms", MAX_LONE_MS),
        at_most("embed_cached_ms", statistics.median(cached), "ms", MAX_CACHED_MS),
    ]


def _chat(load: Companion, model: str, messages: list[ChatMessage], tokens: int) -> ChatTimed:
    return load.ask(Conversation(model, messages, tokens), ChatTimed)


def _user(content: str) -> ChatMessage:
    return ChatMessage(role="user", content=content)


def _rate(run: Timed) -> float:
    return (run.tokens - 1) / run.rest_s


def _words(seed: int, count: int) -> str:
    """Words of the random model's vocabulary, a token each, in an order that is the seed's own."""
    state, found = seed * 2_654_435_761 + 1, []
    for _ in range(count):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        found.append(WORDS[(state >> 16) % (len(WORDS) - 1)])
    return "".join(found)


def _queries() -> Callable[[int], list[str]]:
    """Makes queries of 3 to 10 words, none twice."""
    words = (
        "love fear peace lamp river shepherd mercy bread king temple prayer anger joy hope wisdom servant harvest water stone "
        "light forgive walk house mother brother mountain sea sword covenant psalm"
    ).split()

    def every() -> Iterator[str]:
        random, made = Random(1), set[str]()  # noqa: S311 - the same queries in each run
        while True:
            query = " ".join(random.choices(words, k=random.randint(3, 10)))
            if query not in made:
                made.add(query)
                yield query

    source = every()
    return lambda count: [next(source) for _ in range(count)]

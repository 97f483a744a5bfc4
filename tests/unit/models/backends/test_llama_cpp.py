"""Generation with llama.cpp: what is read again, what is kept, and how a generation ends. The library is simulated."""

import os
import threading
from collections.abc import Callable

import msgspec
import pytest
from fakes.generating import GREEDY, ignore, write
from fakes.libraries import hide_library, install_library
from fakes.llama import BEGIN, F16, Q8_0, FakeLlama, install_llama
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backends import LoadOptions
from models.backends.llama_cpp import LlamaCppBackend, json_grammar
from models.errors import ModelUnavailable, RequestInvalid
from models.generation.sampling import Sampling

OPTIONS = LoadOptions(path="/models/lamp.gguf", threads=4, context=4096)
KIB = 2**10
# Two conversations of 100 tokens without a common beginning, and a prompt that is read in three passes.
ONE, OTHER, LONG = list(range(100)), list(range(100, 200)), list(range(200)) * 3

Grammar = Callable[[str], str]


@pytest.fixture
def llama(monkeypatch: pytest.MonkeyPatch) -> FakeLlama:
    library = FakeLlama()
    install_llama(monkeypatch, library)
    return library


def load(**options: object) -> LlamaCppBackend:
    """Load the model with these options instead of the usual ones."""
    return LlamaCppBackend(msgspec.structs.replace(OPTIONS, **options))


def first_answer(tokens: list[int]) -> str:
    """The answer of a model that has read nothing else."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_llama(monkeypatch, FakeLlama())
        return write(load(), tokens)


# Loading.


def test_a_missing_library_is_reported_with_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_library(monkeypatch, "llama_cpp")

    with pytest.raises(ModelUnavailable, match=r"llama-cpp-python is not installed, or .* Run `lampstand status`"):
        load()


def test_a_file_that_cannot_be_loaded_is_reported_with_the_last_errors_of_the_library(llama: FakeLlama) -> None:
    llama.is_damaged = True
    llama.log = [(2, "loading"), *((4, f"error {number}\n") for number in range(5)), (3, "warning")]

    with pytest.raises(ModelUnavailable) as error:
        load()
    assert "lamp.gguf could not be loaded: error 1 error 2 error 3 error 4" == error.value.message


def test_a_file_that_cannot_be_loaded_may_have_no_reason(llama: FakeLlama) -> None:
    llama.is_damaged = True

    with pytest.raises(ModelUnavailable, match=r"could not be loaded: llama\.cpp reports no reason"):
        load()


def test_a_context_that_does_not_fit_into_the_memory_is_reported_with_its_size(llama: FakeLlama) -> None:
    llama.max_context = 4095

    with pytest.raises(ModelUnavailable, match="not enough memory for a context of 4,096 tokens"):
        load()


def test_the_properties_of_the_file_are_those_of_the_model(llama: FakeLlama) -> None:
    llama.template = b"{{ messages }} \xff"
    backend = load(context=512)

    assert 512 == backend.context
    assert "{{ messages }} \N{REPLACEMENT CHARACTER}" == backend.chat_template
    assert {"bos_token": "<s>", "eos_token": "</s>"} == backend.special_tokens
    assert [BEGIN, ord("a")] == backend.tokenize("a")


def test_a_file_may_lack_a_template_and_a_begin_token(llama: FakeLlama) -> None:
    llama.begin = -1
    backend = load()

    assert ("", "") == (backend.chat_template, backend.special_tokens["bos_token"])


@pytest.mark.parametrize(("cache_type", "number"), [("f16", F16), ("q8_0", Q8_0)])
def test_the_cache_can_be_quantised(llama: FakeLlama, cache_type: str, number: int) -> None:
    # The simulated library refuses a quantised cache without flash attention, as the real library does.
    load(cache_type=cache_type)

    assert (number, number) == (llama.context_parameters.type_k, llama.context_parameters.type_v)


def test_without_a_gpu_every_layer_is_on_the_processor(llama: FakeLlama) -> None:
    load()

    assert 0 == llama.model_parameters.n_gpu_layers


def test_one_gpu_is_not_shared(llama: FakeLlama) -> None:
    load(gpu_layers=(5,))
    parameters = llama.model_parameters

    assert (5, FakeLlama.LLAMA_SPLIT_MODE_NONE, 0) == (
        parameters.n_gpu_layers,
        parameters.split_mode,
        parameters.main_gpu,
    )


def test_several_gpus_share_the_layers_as_planned(llama: FakeLlama) -> None:
    load(gpu_layers=(5, 0, 3))

    assert 8 == llama.model_parameters.n_gpu_layers
    assert [5, 0, 3, 0] == list(llama.model_parameters.tensor_split)


@pytest.mark.parametrize(("before", "after"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_sleep_unless_the_environment_says_something_else(
    llama: FakeLlama, monkeypatch: pytest.MonkeyPatch, before: str | None, after: str
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY")
    if before:
        monkeypatch.setenv("OMP_WAIT_POLICY", before)
    load()

    assert after == os.environ["OMP_WAIT_POLICY"]


# Threads.


@pytest.mark.parametrize(("generation_threads", "expected"), [(0, (4, 4)), (2, (2, 4))])
def test_all_threads_read_and_some_write(llama: FakeLlama, generation_threads: int, expected: tuple[int, int]) -> None:
    load(generation_threads=generation_threads)

    assert expected == llama.threads


def test_the_number_of_writing_threads_can_change(llama: FakeLlama) -> None:
    load().write_with(3)

    assert (3, 4) == llama.threads


def test_a_measurement_of_threads_leaves_nothing_in_the_cache(llama: FakeLlama) -> None:
    backend = load()
    write(backend, ONE)

    assert backend.writing_rate(2, 0.0) > 0
    assert (2, 4) == llama.threads
    assert [] == llama.cache
    assert first_answer(ONE) == write(backend, ONE)


@pytest.mark.parametrize("context", [1, 2])
def test_a_measurement_does_not_need_a_long_context(llama: FakeLlama, context: int) -> None:
    assert load(context=context).writing_rate(1, 0.0) > 0


# A generation, and its end.


def test_a_long_prompt_is_read_in_passes_with_progress(llama: FakeLlama) -> None:
    progress: list[tuple[int, int]] = []
    write(load(), LONG, length=1, on_prompt=lambda done, total: progress.append((done, total)))

    assert [(256, 600), (512, 600), (600, 600)] == progress
    assert 600 == llama.evaluated


def test_a_generation_ends_with_the_end_token_of_the_model(llama: FakeLlama) -> None:
    llama.ends_at = len(ONE) + 3

    assert 3 == len(write(load(), ONE, length=50))
    assert 0 == llama.open_samplers


def test_a_generation_that_its_caller_leaves_frees_its_sampler(llama: FakeLlama) -> None:
    write(load(), ONE, length=2)

    assert 0 == llama.open_samplers


def test_a_cancelled_generation_reads_nothing(llama: FakeLlama) -> None:
    cancelled = threading.Event()
    cancelled.set()

    assert "" == write(load(), ONE, cancelled=cancelled)
    assert 0 == llama.evaluated


def test_a_generation_can_be_cancelled_between_two_passes(llama: FakeLlama) -> None:
    cancelled = threading.Event()
    backend = load()

    assert "" == write(backend, LONG, on_prompt=lambda _done, _total: cancelled.set(), cancelled=cancelled)
    assert 256 == llama.evaluated
    # The next generation continues there.
    assert first_answer(LONG) == write(backend, LONG)
    assert 256 == backend.reused_tokens


def test_a_generation_can_be_cancelled_between_two_tokens(llama: FakeLlama) -> None:
    cancelled = threading.Event()
    pieces = load().generate(ONE, GREEDY, ignore, cancelled)
    begun = [next(pieces), next(pieces)]
    cancelled.set()

    assert first_answer(ONE)[:2].encode() == b"".join(begun)
    assert [] == list(pieces)


def test_an_interrupt_ends_a_pass_and_the_next_generation_is_not_affected(llama: FakeLlama) -> None:
    backend = load()

    assert "" == write(backend, LONG, on_prompt=lambda _done, _total: backend.interrupt())
    assert 256 == llama.evaluated
    assert first_answer(LONG) == write(backend, LONG)


def test_an_interrupt_ends_a_generation_after_a_token(llama: FakeLlama) -> None:
    backend = load()
    pieces = backend.generate(ONE, GREEDY, ignore, threading.Event())
    next(pieces)
    backend.interrupt()

    assert [] == list(pieces)
    assert first_answer(ONE) == write(backend, ONE)


def test_an_error_of_the_library_is_reported_and_its_tokens_are_removed(llama: FakeLlama) -> None:
    backend = load()
    llama.status, llama.log = -3, [(4, "out of memory")]

    with pytest.raises(ModelUnavailable, match=r"could not continue \(status -3\)\. out of memory"):
        write(backend, ONE)
    assert ([], 0) == (llama.cache, llama.open_samplers)
    llama.status = 0
    assert first_answer(ONE) == write(backend, ONE)


def test_a_prompt_that_is_longer_than_the_context_is_an_error(llama: FakeLlama) -> None:
    with pytest.raises(ModelUnavailable, match="status 1"):
        write(load(context=512), LONG)


# The cache and the states of earlier conversations.


def test_the_next_turn_of_a_conversation_reads_only_new_tokens(llama: FakeLlama) -> None:
    backend = load()
    # The fifth token is not in the cache, because nothing follows it.
    answer = list(write(backend, ONE).encode())[:4]
    before = llama.evaluated
    write(backend, [*ONE, *answer, 7, 8], length=1)

    assert (len(ONE) + 4, 2) == (backend.reused_tokens, llama.evaluated - before)


def test_the_last_token_of_a_prompt_is_always_read(llama: FakeLlama) -> None:
    backend = load()
    answers = [write(backend, ONE), write(backend, ONE)]

    assert [first_answer(ONE)] * 2 == answers
    assert len(ONE) - 1 == backend.reused_tokens


@pytest.mark.parametrize(
    ("prefix_bytes", "reused"),
    # A state of the conversation has 4 bytes for each of its 104 tokens.
    [(KIB, len(ONE) - 1), (416, len(ONE) - 1), (415, 0), (0, 0)],
)
def test_an_earlier_conversation_continues_if_its_state_fits_into_the_store(
    llama: FakeLlama, prefix_bytes: int, reused: int
) -> None:
    backend = load(prefix_bytes=prefix_bytes)
    answers = [write(backend, tokens) for tokens in (ONE, OTHER, ONE)]

    assert [first_answer(tokens) for tokens in (ONE, OTHER, ONE)] == answers
    assert reused == backend.reused_tokens


def test_the_state_of_a_short_conversation_is_not_stored(llama: FakeLlama) -> None:
    backend = load(prefix_bytes=KIB)
    for tokens in (ONE[:50], OTHER[:50], ONE[:50]):
        write(backend, tokens)

    assert (0, 0) == (llama.stored_states, backend.reused_tokens)


def test_a_state_that_was_stored_at_rest_is_not_stored_again_by_the_next_request(llama: FakeLlama) -> None:
    backend = load(prefix_bytes=KIB)
    write(backend, ONE)
    backend.rest()
    backend.rest()
    write(backend, OTHER)

    assert 1 == llama.stored_states


def test_a_conversation_that_goes_further_is_stored_again(llama: FakeLlama) -> None:
    backend = load(prefix_bytes=KIB)
    for tokens in (ONE, [*ONE, 7, 8]):
        write(backend, tokens)
        backend.rest()

    assert 2 == llama.stored_states


def test_a_state_that_cannot_be_restored_is_read_again(llama: FakeLlama) -> None:
    llama.can_restore = False
    backend = load(prefix_bytes=KIB)
    answers = [write(backend, tokens) for tokens in (ONE, OTHER, ONE)]

    assert answers[0] == answers[2]
    assert 0 == backend.reused_tokens


def test_a_model_whose_cache_cannot_be_cut_reads_a_changed_prompt_again(llama: FakeLlama) -> None:
    llama.can_cut = False
    backend = load()
    changed = [*ONE[:50], *OTHER[:50]]

    assert [first_answer(ONE), first_answer(changed)] == [write(backend, ONE), write(backend, changed)]
    assert 0 == backend.reused_tokens


@settings(max_examples=40, deadline=None)
@given(
    prompts=st.lists(st.lists(st.sampled_from([0, 80, 160]), min_size=1, max_size=3), min_size=2, max_size=5),
    prefix_bytes=st.sampled_from([0, 500, KIB * KIB]),
    can_cut=st.booleans(),
    can_restore=st.booleans(),
)
def test_an_answer_does_not_depend_on_earlier_requests(
    prompts: list[list[int]], prefix_bytes: int, can_cut: bool, can_restore: bool
) -> None:
    llama = FakeLlama()
    llama.can_cut, llama.can_restore = can_cut, can_restore
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_llama(monkeypatch, llama)
        backend = load(prefix_bytes=prefix_bytes)
    for starts in prompts:
        tokens = [token for start in starts for token in range(start, start + 70)]

        assert first_answer(tokens) == write(backend, tokens)
        assert backend.reused_tokens < len(tokens)


# Sampling.


def test_without_a_temperature_the_seed_has_no_effect(llama: FakeLlama) -> None:
    answers = {write(load(), ONE, sampling=Sampling(temperature=0, seed=seed)) for seed in (1, 2)}

    assert {first_answer(ONE)} == answers


def test_the_same_seed_repeats_an_answer_and_another_seed_changes_it(llama: FakeLlama) -> None:
    first, again, other, negative = (
        write(load(), ONE, sampling=Sampling(temperature=0.5, seed=seed)) for seed in (1, 1, 2, -1)
    )

    assert first == again
    assert 3 == len({first, other, negative})


def test_the_library_chooses_with_the_parameters_of_the_request(llama: FakeLlama) -> None:
    write(load(), ONE, sampling=Sampling(temperature=0.5, top_p=0.9, seed=7))

    assert (0.5, 0.9, 7) == tuple(map(llama.sampler.value, ("temperature", "top_p", "seed")))


def test_without_a_seed_the_library_chooses_one(llama: FakeLlama) -> None:
    write(load(), ONE, sampling=Sampling(temperature=0.5))

    assert FakeLlama.LLAMA_DEFAULT_SEED == llama.sampler.value("seed")


# Grammars of JSON schemas.


def convert_schemas(monkeypatch: pytest.MonkeyPatch, convert: Grammar) -> None:
    """Convert schemas to grammars with a function of the test instead of the library."""
    install_library(monkeypatch, "llama_cpp.llama_grammar", {"json_schema_to_gbnf": convert})


def test_an_answer_follows_the_grammar_of_its_schema(llama: FakeLlama, monkeypatch: pytest.MonkeyPatch) -> None:
    convert_schemas(monkeypatch, lambda schema: f"root ::= {schema}")

    assert "{}" == write(load(), ONE, sampling=Sampling(json_schema={"type": "object"}))
    assert b'root ::= {"type": "object"}' == llama.sampler.value("grammar")


def test_a_grammar_that_the_library_refuses_is_a_request_error(
    llama: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert_schemas(monkeypatch, lambda _schema: "no rule is called like the root")
    backend = load()

    with pytest.raises(RequestInvalid, match="does not support the grammar of this JSON schema"):
        write(backend, ONE, sampling=Sampling(json_schema={"type": "object"}))
    assert (0, 0) == (llama.open_samplers, llama.evaluated)


def test_an_empty_schema_means_any_object(llama: FakeLlama, monkeypatch: pytest.MonkeyPatch) -> None:
    convert_schemas(monkeypatch, lambda schema: schema)

    assert b'{"type": "object"}' == json_grammar({})


def test_a_grammar_accepts_no_control_characters_in_strings(llama: FakeLlama, monkeypatch: pytest.MonkeyPatch) -> None:
    convert_schemas(monkeypatch, lambda _schema: r'char ::= [^"\\] | "\\" ["\\bfnrt]')

    assert rb'char ::= [^"\\\x7F\x00-\x1F] | "\\" ["\\bfnrt]' == json_grammar({})


@pytest.mark.parametrize(("length", "is_valid"), [(16_384, True), (16_385, False)])
def test_a_large_grammar_is_a_request_error(
    llama: FakeLlama, monkeypatch: pytest.MonkeyPatch, length: int, is_valid: bool
) -> None:
    convert_schemas(monkeypatch, lambda _schema: "a" * length)

    if is_valid:
        assert length == len(json_grammar({}))
    else:
        with pytest.raises(RequestInvalid, match=r"is too large\. Use smaller lengths and counts"):
            json_grammar({})


@pytest.mark.parametrize(
    "error",
    [AssertionError("minItems"), AttributeError(), KeyError("$ref"), TypeError(), ValueError(), RecursionError()],
)
def test_a_schema_that_the_library_cannot_convert_is_a_request_error(
    llama: FakeLlama, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_schema: str) -> str:
        raise error

    convert_schemas(monkeypatch, fail)

    with pytest.raises(RequestInvalid, match="This JSON schema is not supported"):
        json_grammar({"type": "object"})

"""Generation with ctransformers: no prompt reaches the code that would end the process. The library is simulated."""

import functools
import threading
from pathlib import Path

import msgspec
import pytest
from fakes.ctransformers_llm import END, LETTERS, TURN, WORD, FakeLibrary, install_ctransformers
from fakes.generating import GREEDY, ignore, write
from fakes.libraries import hide_library
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backends import LoadOptions
from models.backends.ctransformers import CTransformersBackend, instruction_set
from models.errors import ModelUnavailable, RequestInvalid
from models.generation.sampling import Sampling
from models.generation.traced import join_texts, trusted

OPTIONS = LoadOptions(path="/models/old.bin", threads=4, family="gpt2")
PROMPT = list(range(20))


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    fake = FakeLibrary()
    install_ctransformers(monkeypatch, fake)
    return fake


def load(**options: object) -> CTransformersBackend:
    """Load the model with these options instead of the usual ones."""
    return CTransformersBackend(msgspec.structs.replace(OPTIONS, **options))


def new_model() -> CTransformersBackend:
    """A model that has read nothing."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_ctransformers(monkeypatch, FakeLibrary())
        return load()


@functools.cache
def tokenizing_model() -> CTransformersBackend:
    """A model that tests only tokenize with."""
    return new_model()


# Loading.


def test_a_missing_library_is_reported_with_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_library(monkeypatch, "ctransformers")

    with pytest.raises(ModelUnavailable, match=r"Run `pip install 'lampstand\[legacy\]'`"):
        load()


def test_a_file_that_cannot_be_loaded_is_reported_with_the_reason(library: FakeLibrary) -> None:
    library.is_damaged = True

    with pytest.raises(ModelUnavailable, match=r"old\.bin could not be loaded: Failed to create LLM 'gpt2'"):
        load()


def test_a_family_has_the_name_that_the_library_uses(library: FakeLibrary) -> None:
    # The simulated library knows this family as `dolly_v2`, with an underscore, like the real library.
    assert 4 == len(write(load(family="dolly-v2"), PROMPT, length=4))


@pytest.mark.parametrize(("trained", "context"), [(512, 512), (2048, 2048), (4096, 2048)])
def test_a_context_has_at_most_the_size_that_the_library_survives(
    library: FakeLibrary, trained: int, context: int
) -> None:
    library.context_length = trained

    assert context == load().context


@pytest.mark.parametrize(
    ("flags", "build"),
    [("fpu avx f16c avx2", "avx2"), ("fpu avx f16c", "avx"), ("fpu avx", "basic"), ("fpu f16c avx512f", "basic")],
)
def test_the_build_of_the_library_uses_only_instructions_of_the_processor(
    tmp_path: Path, flags: str, build: str
) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags\t\t: {flags}\n")

    assert build == instruction_set(tmp_path / "cpuinfo")


def test_an_unknown_processor_gets_the_basic_build(tmp_path: Path) -> None:
    assert "basic" == instruction_set(tmp_path / "missing")


# Prompts.


def test_a_prompt_is_tokenized_by_the_library(library: FakeLibrary) -> None:
    assert [ord("a"), WORD, ord("!")] == load().tokenize("a lamp!")


@pytest.mark.parametrize("text", ["<|endoftext|>", "<fim-prefix>", "hi [INST]", "a<|endoftext|>b<fim-prefix>c"])
def test_a_request_cannot_spell_a_special_token(library: FakeLibrary, text: str) -> None:
    assert [*text.encode()] == load().tokenize(text)


def test_a_special_token_of_the_template_is_one_token(library: FakeLibrary) -> None:
    prompt = join_texts([trusted(" [INST]"), "a", trusted("<|endoftext|>")])

    assert [TURN, ord("a"), END] == load().tokenize(prompt)


@pytest.mark.parametrize("text", ["a" * 5000, " " * 5000, "é" * 3000, "a" * 257 + " " * 257, "ab " * 2000])
def test_a_long_run_of_characters_is_tokenized_in_parts(library: FakeLibrary, text: str) -> None:
    assert [*text.encode()] == load().tokenize(text)


def test_the_text_after_a_null_character_is_not_lost(library: FakeLibrary) -> None:
    assert [*b"ab"] == load().tokenize("a\0b")


def test_an_empty_prompt_has_no_tokens(library: FakeLibrary) -> None:
    assert [] == load().tokenize("")


@settings(deadline=None)
@given(text=st.text() | st.text(alphabet="< |endofxtlamp\0\n"))
def test_no_text_of_a_request_is_lost_or_becomes_a_special_token(text: str) -> None:
    tokens = tokenizing_model().tokenize(text)
    pieces = [b" lamp" if token == WORD else bytes([token]) for token in tokens]

    assert text.replace("\0", "").encode() == b"".join(pieces)


def test_a_token_outside_the_vocabulary_is_a_request_error(library: FakeLibrary) -> None:
    backend = load()

    for token in (-1, 260):
        with pytest.raises(RequestInvalid, match="could not be converted to tokens"):
            write(backend, [1, token])
    assert 0 == library.model.evaluated


def test_a_schema_is_a_request_error(library: FakeLibrary) -> None:
    with pytest.raises(RequestInvalid, match=r"does not support JSON schemas\. Use a GGUF model"):
        write(load(), PROMPT, sampling=Sampling(json_schema={"type": "object"}))


# A generation, and its end.


def test_a_prompt_is_read_in_small_passes_with_progress(library: FakeLibrary) -> None:
    progress: list[tuple[int, int]] = []
    write(load(), PROMPT, length=1, on_prompt=lambda done, total: progress.append((done, total)))

    assert [(8, 20), (16, 20), (20, 20)] == progress


@pytest.mark.parametrize(("generation_threads", "expected"), [(0, 4), (2, 2)])
def test_a_model_computes_with_its_writing_threads(
    library: FakeLibrary, generation_threads: int, expected: int
) -> None:
    write(load(generation_threads=generation_threads), PROMPT)

    assert expected == library.model.threads


def test_a_generation_ends_with_the_end_token_of_the_model(library: FakeLibrary) -> None:
    library.ends_at = len(PROMPT) + 3

    assert 3 == len(write(load(), PROMPT, length=50))


def test_a_cancelled_generation_reads_nothing(library: FakeLibrary) -> None:
    cancelled = threading.Event()
    cancelled.set()

    assert "" == write(load(), PROMPT, cancelled=cancelled)
    assert 0 == library.model.evaluated


def test_a_generation_can_be_cancelled_between_two_passes(library: FakeLibrary) -> None:
    cancelled = threading.Event()
    backend = load()

    assert "" == write(backend, PROMPT, on_prompt=lambda _done, _total: cancelled.set(), cancelled=cancelled)
    assert 8 == library.model.evaluated
    assert write(new_model(), PROMPT) == write(backend, PROMPT)
    assert 8 == backend.reused_tokens


def test_a_generation_can_be_cancelled_between_two_tokens(library: FakeLibrary) -> None:
    cancelled = threading.Event()
    pieces = load().generate(PROMPT, GREEDY, ignore, cancelled)
    begun = next(pieces) + next(pieces)
    cancelled.set()

    assert write(new_model(), PROMPT)[:2].encode() == begun
    assert [] == list(pieces)


def test_the_next_turn_of_a_conversation_reads_only_new_tokens(library: FakeLibrary) -> None:
    backend = load()
    # The fifth token is not in the context, because nothing follows it.
    answer = list(write(backend, PROMPT).encode())[:4]
    before = library.model.evaluated
    write(backend, [*PROMPT, *answer, 7, 8], length=1)

    assert (len(PROMPT) + 4, 2) == (backend.reused_tokens, library.model.evaluated - before)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=20), min_size=2, max_size=5))
def test_an_answer_does_not_depend_on_earlier_requests(prompts: list[list[int]]) -> None:
    backend = new_model()
    for tokens in prompts:
        assert write(new_model(), tokens) == write(backend, tokens)
        assert backend.reused_tokens < len(tokens)


# Sampling.


def test_without_a_temperature_the_seed_has_no_effect(library: FakeLibrary) -> None:
    answers = {write(load(), PROMPT, sampling=Sampling(temperature=0, seed=seed)) for seed in (1, 2)}

    assert 1 == len(answers)


def test_the_same_seed_repeats_an_answer_but_not_the_same_letter(library: FakeLibrary) -> None:
    first, again, other = (write(load(), PROMPT, sampling=Sampling(seed=seed)) for seed in (1, 1, 2))

    assert first == again
    assert first != other
    assert 5 == len(set(first))


def test_without_a_seed_answers_differ(library: FakeLibrary) -> None:
    first, other = (write(load(), PROMPT, sampling=Sampling()) for _ in range(2))

    assert first != other


@pytest.mark.parametrize("seed", [-(2**63), -1, 0, 2**63 - 1])
def test_every_seed_of_the_protocol_is_accepted_and_repeats_its_answer(library: FakeLibrary, seed: int) -> None:
    first, again = (write(load(), PROMPT, sampling=Sampling(seed=seed)) for _ in range(2))

    assert first == again


def test_a_vocabulary_may_be_smaller_than_the_usual_number_of_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    install_ctransformers(monkeypatch, FakeLibrary([bytes([letter]) for letter in LETTERS]))

    assert 5 == len(write(load(), [1, 2, 3], sampling=Sampling(seed=1)))

"""The comparison of the model runtime with a directly called model: speeds, first tokens, conversations and queries."""

import itertools
from typing import Any

from fakes.answering_helper import AnsweringHelper
from hypothesis import given, settings
from hypothesis import strategies as st

from models.messages import ChatMessage
from server.benchmarks.direct import Generation, TokenTimes
from server.benchmarks.load import Conversation, TimedAnswer
from server.benchmarks.models import (
    embedding_figures,
    measure_prefix,
    measure_streams,
    query_source,
    random_words,
    rate_of,
)
from server.benchmarks.random_model import WORDS
from server.benchmarks.report import Measurement


def times_of(request: Conversation | Generation, first_s: float, tokens_per_s: float) -> TokenTimes:
    """The times of an answer of a model with a constant speed."""
    return TokenTimes(first_s, (request.tokens - 1) / tokens_per_s, request.tokens)


def measured(runtime_first_s: float, runtime_per_s: float) -> dict[str, Measurement]:
    """Measure a runtime in comparison with a model that needs 0.02 s to the first token and writes 100 tokens per second."""
    runtime = AnsweringHelper(lambda request: TimedAnswer(times_of(request, runtime_first_s, runtime_per_s), ""))
    direct = AnsweringHelper(lambda request: times_of(request, 0.02, 100.0))
    return {row.name: row for row in measure_streams(runtime, "random", direct, lambda _line: None)}


def test_the_speed_of_an_answer_is_measured_after_its_first_token() -> None:
    # The time to the first token does not count.
    assert 50.0 == rate_of(TokenTimes(first_s=9.0, rest_s=2.0, tokens=101))


def test_a_runtime_may_be_a_tenth_slower_than_the_model() -> None:
    met, missed = measured(0.02, 90.5), measured(0.02, 89.5)

    assert (90.5, 100.0) == (met["stream_tokens_per_s"].value, met["stream_tokens_per_s"].baseline)
    assert (0.905, True) == (met["stream_share_of_direct"].value, met["stream_share_of_direct"].holds)
    assert (0.895, False) == (missed["stream_share_of_direct"].value, missed["stream_share_of_direct"].holds)


def test_a_runtime_may_add_five_milliseconds_to_the_first_token() -> None:
    met, missed = measured(0.0245, 100.0), measured(0.0255, 100.0)

    assert (24.5, 20.0) == (met["first_token_ms"].value, met["first_token_ms"].baseline)
    assert (4.5, True) == (met["first_token_added_ms"].value, met["first_token_added_ms"].holds)
    assert (5.5, False) == (missed["first_token_added_ms"].value, missed["first_token_added_ms"].holds)


def test_a_few_slow_answers_change_no_figure() -> None:
    numbers = itertools.count(1)

    def sometimes_slow(request: Conversation) -> TimedAnswer:
        # The third answer is a stream, the twentieth is a first token.
        is_slow = next(numbers) in (3, 20)
        return TimedAnswer(times_of(request, *((5.0, 1.0) if is_slow else (0.02, 95.0))), "")

    runtime, direct = AnsweringHelper(sometimes_slow), AnsweringHelper(lambda request: times_of(request, 0.02, 100.0))
    rows = {row.name: row.value for row in measure_streams(runtime, "random", direct, lambda _line: None)}

    assert (95.0, 0.0) == (rows["stream_tokens_per_s"], rows["first_token_added_ms"])


def test_both_get_the_same_prompts() -> None:
    runtime = AnsweringHelper(lambda request: TimedAnswer(times_of(request, 0.02, 100.0), ""))
    direct = AnsweringHelper(lambda request: times_of(request, 0.02, 100.0))
    measure_streams(runtime, "random", direct, lambda _line: None)
    # The first request of the runtime loads the model.
    prompts = [(f"User: {request.messages[0].text}\n\nAssistant:", request.tokens) for request in runtime.requests[1:]]

    assert prompts == [(request.prompt, request.tokens) for request in direct.requests]
    assert len(prompts) == len(set(prompts))


def prefix_measured(second_s: float) -> tuple[Measurement, list[Any]]:
    """Measure conversations whose first answer needs 0.9 s to its first token."""

    def answer(request: Conversation) -> TimedAnswer:
        is_second = len(request.messages) > 2
        return TimedAnswer(TokenTimes(second_s if is_second else 0.9, 0.1, 16), " A lamp.")

    helper = AnsweringHelper(answer)
    return measure_prefix(helper, "random", lambda _line: None), helper.requests


def test_the_second_answer_of_a_conversation_needs_a_third_of_the_time() -> None:
    (met, _), (missed, _) = prefix_measured(0.2), prefix_measured(0.4)

    assert (0.2222, True, 1.0) == (met.value, met.holds, met.baseline)
    assert (0.4444, False) == (missed.value, missed.holds)


def test_a_second_question_repeats_the_conversation_with_the_first_answer() -> None:
    first, second = prefix_measured(0.2)[1][:2]
    system, question, answer, second_question = second.messages

    assert [system, question] == first.messages
    assert ("system", "user", "user") == (system.role, question.role, second_question.role)
    assert ChatMessage(role="assistant", content=" A lamp.") == answer
    assert question != second_question


def embedded(**changed: Any) -> dict[str, Measurement]:
    """The figures of a runtime, per round: one client, eight and thirty-two clients. Then of single queries."""
    values: dict[str, Any] = {
        "rates": {1: [100.0, 50.0, 200.0], 8: [300.0, 200.0, 250.0], 32: [300.0, 200.0, 800.0]},
        "direct_gains": [5.0, 4.0, 6.0],
        "single_ms": [12.0, 11.0, 90.0],
        "direct_ms": [10.0, 9.0, 11.0],
        "cached_ms": [0.5, 0.4, 9.0],
    }
    return {row.name: row for row in embedding_figures(**(values | changed))}


def test_the_rates_of_several_clients_are_compared_with_that_of_one() -> None:
    rows = embedded()

    assert (100.0, None) == (rows["embed_per_s_1_client"].value, rows["embed_per_s_1_client"].baseline)
    assert (250.0, 100.0) == (rows["embed_per_s_8_clients"].value, rows["embed_per_s_8_clients"].baseline)
    assert (300.0, 100.0) == (rows["embed_per_s_32_clients"].value, rows["embed_per_s_32_clients"].baseline)


def test_the_gain_of_many_clients_is_the_median_of_the_rounds() -> None:
    # The gains of the rounds are 3, 4 and 4. The gain of the medians would be 3.
    gain = embedded()["embed_gain_32_clients"]
    low = embedded(rates={1: [100.0], 8: [100.0], 32: [299.0]})["embed_gain_32_clients"]

    assert (4.0, 5.0, True) == (gain.value, gain.baseline, gain.holds)
    assert (2.99, False) == (low.value, low.holds)


def test_a_single_query_may_take_three_milliseconds_longer_than_without_the_runtime() -> None:
    met, missed = embedded(), embedded(single_ms=[13.5])

    assert (12.0, 10.0) == (met["embed_lone_ms"].value, met["embed_lone_ms"].baseline)
    assert (2.0, True) == (met["embed_lone_added_ms"].value, met["embed_lone_added_ms"].holds)
    assert (3.5, False) == (missed["embed_lone_added_ms"].value, missed["embed_lone_added_ms"].holds)


def test_a_cached_query_may_take_one_millisecond() -> None:
    met, missed = embedded()["embed_cached_ms"], embedded(cached_ms=[1.1])["embed_cached_ms"]

    assert (0.5, True, False) == (met.value, met.holds, missed.holds)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 60))
def test_a_prompt_has_the_wanted_number_of_words_of_the_random_model(seed: int, count: int) -> None:
    prompt = random_words(seed, count)

    assert count == len(prompt.split())
    assert {f" {word}" for word in prompt.split()} <= set(WORDS)
    assert prompt == random_words(seed, count)


def test_prompts_of_different_seeds_are_different() -> None:
    assert 100 == len({random_words(seed, 24) for seed in range(100)})


def test_no_query_is_repeated_and_every_run_has_the_same_queries() -> None:
    one, other = query_source(), query_source()
    # So many queries would have repetitions by chance.
    queries = one(2_000) + one(3_000)

    assert queries == other(5_000)
    assert 5_000 == len(set(queries))
    assert {3, 10} == {min(map(_words_in, queries)), max(map(_words_in, queries))}


def _words_in(query: str) -> int:
    return len(query.split())

"""Which events a client of the measurement missed, repeated or must not get."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.benchmarks.events import difference, replayed_ids, wrong_events
from server.benchmarks.listeners import ReceivedEvents

IDS = st.lists(st.integers(1, 4), max_size=5)
STREAM = """\
: still here

id: 7
event: measurement
data: {"logged_at":1.5}

id: 8
event: measurement
data: {"logged_at":1.6}

: still here

id: 9
event: measurement
data: {"logged_at":1.7}

""".splitlines()


def test_equal_ids_have_no_difference() -> None:
    assert 0 == difference([1, 2, 3], [1, 2, 3])
    assert 0 == difference([], [])


@pytest.mark.parametrize(
    ("got", "count"),
    [([1, 3], 1), ([], 3), ([1, 2, 3, 4], 1), ([1, 2, 4], 2), ([1, 2, 2, 3], 1), ([3, 2, 1], 1)],
    ids=["one missing", "all missing", "one extra", "one missing and one extra", "one repeated", "wrong order"],
)
def test_missing_extra_and_repeated_ids_are_counted(got: list[int], count: int) -> None:
    assert count == difference(got, [1, 2, 3])


@settings(max_examples=40, deadline=None)
@given(IDS, IDS)
def test_only_equal_ids_have_no_difference(got: list[int], expected: list[int]) -> None:
    assert (got == expected) is (difference(got, expected) == 0)


def received(guests: list[list[int]], members: list[list[int]]) -> ReceivedEvents:
    return ReceivedEvents(guests=guests, members=members, took_ms=[])


def test_guests_must_get_the_events_for_all_and_members_all_events() -> None:
    # Event 3 is for administrators.
    assert 0 == wrong_events(received([[1, 2, 4], [1, 2, 4]], [[1, 2, 3, 4]]), [1, 2, 4], [3])


def test_an_event_for_administrators_that_a_guest_gets_is_wrong() -> None:
    assert 1 == wrong_events(received([[1, 2, 3, 4]], []), [1, 2, 4], [3])


def test_the_wrong_events_of_all_clients_are_added() -> None:
    assert 4 == wrong_events(received([[1, 2], [1, 2, 4]], [[1, 2, 4], [4, 3]]), [1, 2, 4], [3])


def test_a_replay_is_read_up_to_the_expected_number_of_events() -> None:
    assert [7, 8] == replayed_ids(STREAM, 2)
    assert [7, 8, 9] == replayed_ids(STREAM, 3)


def test_a_replay_that_ends_early_has_fewer_events() -> None:
    assert [7, 8, 9] == replayed_ids(STREAM, 10)
    assert [] == replayed_ids([], 10)


def test_a_reset_ends_a_replay() -> None:
    assert [30] == replayed_ids(["id: 30", "event: reset", "data: {}", "", *STREAM], 10)

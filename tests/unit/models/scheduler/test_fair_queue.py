"""Who is next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import QueueFull
from models.scheduler.fair_queue import FairQueue, Ticket, Urgency

requests = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(Urgency)), max_size=30)


def cpu_queue(capacity: int) -> FairQueue[object]:
    return FairQueue("cpu", capacity)


def enter(queue: FairQueue[object], user: str, urgency: Urgency = Urgency.INTERACTIVE) -> Ticket[object]:
    ticket = Ticket[object](object(), urgency, user)
    queue.enter(ticket)
    return ticket


def drain(queue: FairQueue[object]) -> list[str]:
    return [ticket.user for ticket in iter(queue.take, None)]


def test_one_who_sends_fifty_does_not_starve_the_rest() -> None:
    queue = cpu_queue(1000)
    for _ in range(50):
        enter(queue, "eager")
    for user in ("anna", "ben", "anna"):
        enter(queue, user)

    assert ["eager", "anna", "ben", "eager", "anna", "eager"] == drain(queue)[:6]


def test_interactive_requests_go_before_batch_ones() -> None:
    queue = cpu_queue(100)
    enter(queue, "index", Urgency.BATCH)
    enter(queue, "anna")
    enter(queue, "index", Urgency.BATCH)

    assert ["anna", "index", "index"] == drain(queue)


def fill(queue: FairQueue[object], user: str, urgency: Urgency = Urgency.INTERACTIVE) -> int:
    """Enter for one person until that is refused; how often it was not."""
    for number in range(10_000):
        try:
            enter(queue, user, urgency)
        except QueueFull:
            return number
    raise AssertionError("never refused")


def test_interactive_requests_take_no_place_from_batch_ones() -> None:
    queue = cpu_queue(128)
    for number in range(128):
        enter(queue, f"person {number}")

    with pytest.raises(QueueFull, match="128 requests wait for cpu already"):
        enter(queue, "anna")
    assert fill(queue, "", Urgency.BATCH) >= 64


def test_one_person_who_asks_without_end_takes_nobody_s_place() -> None:
    queue = cpu_queue(128)

    assert 14 == fill(queue, "eager")
    with pytest.raises(QueueFull, match="14 of your requests wait for cpu already, and the other places are kept"):
        enter(queue, "eager")
    for number in range(100):
        enter(queue, f"person {number}")


def test_it_takes_many_eager_people_to_fill_a_queue() -> None:
    queue = cpu_queue(128)
    people = 0
    while len(queue) < 128:
        assert fill(queue, f"eager {people}")
        people += 1

    assert 35 == people


def test_requests_that_name_nobody_get_half_of_what_is_free() -> None:
    queue = cpu_queue(128)

    assert 64 == fill(queue, "")
    assert 7 == fill(queue, "anna")


def test_a_small_queue_still_has_a_place_for_each() -> None:
    queue = cpu_queue(3)

    assert [1, 1, 1, 0] == [fill(queue, user) for user in "abcd"]


def test_a_place_that_is_left_can_be_taken_again() -> None:
    queue = cpu_queue(1)
    ticket = enter(queue, "anna")
    assert queue.leave(ticket)

    enter(queue, "anna")
    assert queue.take()
    enter(queue, "anna")


def test_a_full_queue_says_when_to_come_again_by_the_measured_rate() -> None:
    queue = cpu_queue(10)
    queue.served(4.0)
    for number in range(10):
        enter(queue, f"person {number}")

    with pytest.raises(QueueFull, match="Try again in 20 seconds") as refused:
        enter(queue, "ben")
    assert 20 == refused.value.retry_after_s


def test_what_was_let_in_goes_on_in_a_full_queue() -> None:
    queue = cpu_queue(1)
    enter(queue, "anna")

    queue.enter(Ticket(object(), Urgency.INTERACTIVE, "anna"), admitted=True)
    assert 2 == len(queue)
    assert queue.take()
    # It had a place before, so the next one may have it.
    enter(queue, "anna")


@given(requests)
def test_the_order_that_is_told_is_the_order_that_comes(wanted: list[tuple[str, Urgency]]) -> None:
    queue = cpu_queue(1000)
    for user, urgency in wanted:
        enter(queue, user, urgency)
    told = [ticket.user for ticket in queue.in_order()]

    assert told == drain(queue)
    assert 0 == len(queue)


@given(requests, st.data())
def test_nobody_is_lost_and_nobody_comes_twice(wanted: list[tuple[str, Urgency]], data: st.DataObject) -> None:
    queue = cpu_queue(1000)
    tickets = [enter(queue, user, urgency) for user, urgency in wanted]
    left = {ticket for ticket in tickets if data.draw(st.booleans())}
    for ticket in left:
        assert queue.leave(ticket)
    came = list(iter(queue.take, None))

    assert len(came) == len(set(came))
    assert set(tickets) - left == set(came)
    assert not any(queue.leave(ticket) for ticket in tickets)


@given(requests)
def test_between_two_turns_of_a_person_everyone_else_who_waits_has_one(wanted: list[tuple[str, Urgency]]) -> None:
    queue = cpu_queue(1000)
    for user, _ in wanted:
        enter(queue, user)
    order = drain(queue)

    for at, user in enumerate(order):
        later = order[at + 1 :]
        if user in later:
            between = later[: later.index(user)]
            assert (set(later) - {user}) <= set(between)

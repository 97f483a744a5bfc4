"""The order and the limits of the fair queue."""

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


def test_a_user_with_fifty_requests_does_not_block_the_others() -> None:
    queue = cpu_queue(1000)
    for _ in range(50):
        enter(queue, "eager")
    for user in ("anna", "ben", "anna"):
        enter(queue, user)

    assert ["eager", "anna", "ben", "eager", "anna", "eager"] == drain(queue)[:6]


def test_interactive_requests_run_before_batch_requests() -> None:
    queue = cpu_queue(100)
    enter(queue, "index", Urgency.BATCH)
    enter(queue, "anna")
    enter(queue, "index", Urgency.BATCH)

    assert ["anna", "index", "index"] == drain(queue)


def fill(queue: FairQueue[object], user: str, urgency: Urgency = Urgency.INTERACTIVE) -> int:
    """Add requests of one user until one is refused, and return how many were accepted."""
    for number in range(10_000):
        try:
            enter(queue, user, urgency)
        except QueueFull:
            return number
    raise AssertionError("no request was refused")


def test_interactive_requests_take_no_place_from_batch_requests() -> None:
    queue = cpu_queue(128)
    for number in range(128):
        enter(queue, f"person {number}")

    with pytest.raises(QueueFull, match="128 requests are waiting"):
        enter(queue, "anna")
    assert fill(queue, "", Urgency.BATCH) >= 64


def test_one_user_with_endless_requests_leaves_places_for_others() -> None:
    queue = cpu_queue(128)

    assert 14 == fill(queue, "eager")
    with pytest.raises(
        QueueFull, match=r"14 of your requests are already waiting for cpu\. The other places are for other users"
    ):
        enter(queue, "eager")
    for number in range(100):
        enter(queue, f"person {number}")


def test_only_many_eager_users_can_fill_a_queue() -> None:
    queue = cpu_queue(128)
    user_count = 0
    while len(queue) < 128:
        assert fill(queue, f"eager {user_count}")
        user_count += 1

    assert 35 == user_count


def test_requests_without_a_user_get_half_of_the_free_places() -> None:
    queue = cpu_queue(128)

    assert 64 == fill(queue, "")
    assert 7 == fill(queue, "anna")


def test_a_small_queue_has_a_place_for_each_user() -> None:
    queue = cpu_queue(3)

    assert [1, 1, 1, 0] == [fill(queue, user) for user in "abcd"]


def test_a_free_place_can_be_taken_again() -> None:
    queue = cpu_queue(1)
    ticket = enter(queue, "anna")
    assert queue.leave(ticket)

    enter(queue, "anna")
    assert queue.take()
    enter(queue, "anna")


def test_the_retry_time_of_a_full_queue_follows_from_the_measured_rate() -> None:
    queue = cpu_queue(10)
    queue.served(4.0)
    for number in range(10):
        enter(queue, f"person {number}")

    with pytest.raises(QueueFull, match="Try again in 20 seconds") as refused:
        enter(queue, "ben")
    assert 20 == refused.value.retry_after_s


def test_an_admitted_request_can_enter_a_full_queue() -> None:
    queue = cpu_queue(1)
    enter(queue, "anna")

    queue.enter(Ticket(object(), Urgency.INTERACTIVE, "anna"), admitted=True)
    assert 2 == len(queue)
    assert queue.take()
    # It had a place before, so the next request may take it.
    enter(queue, "anna")


@given(requests)
def test_the_reported_order_is_the_order_of_service(requests: list[tuple[str, Urgency]]) -> None:
    queue = cpu_queue(1000)
    for user, urgency in requests:
        enter(queue, user, urgency)
    order = [ticket.user for ticket in queue.in_order()]

    assert order == drain(queue)
    assert 0 == len(queue)


@given(requests, st.data())
def test_every_request_is_served_exactly_once(requests: list[tuple[str, Urgency]], data: st.DataObject) -> None:
    queue = cpu_queue(1000)
    tickets = [enter(queue, user, urgency) for user, urgency in requests]
    removed = {ticket for ticket in tickets if data.draw(st.booleans())}
    for ticket in removed:
        assert queue.leave(ticket)
    served = list(iter(queue.take, None))

    assert len(served) == len(set(served))
    assert set(tickets) - removed == set(served)
    assert not any(queue.leave(ticket) for ticket in tickets)


@given(requests)
def test_between_two_requests_of_a_user_every_other_waiting_user_is_served(requests: list[tuple[str, Urgency]]) -> None:
    queue = cpu_queue(1000)
    for user, _ in requests:
        enter(queue, user)
    order = drain(queue)

    for at, user in enumerate(order):
        later = order[at + 1 :]
        if user in later:
            between = later[: later.index(user)]
            assert (set(later) - {user}) <= set(between)

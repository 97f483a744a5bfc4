"""Who is next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import QueueFull
from models.scheduler.fair_queue import FairQueue, Lane, Ticket, Urgency

requests = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(Urgency)), max_size=30)


def enter(queue: FairQueue, user: str, urgency: Urgency = Urgency.INTERACTIVE, lane: Lane = Lane.GENERATION) -> Ticket:
    ticket = Ticket(object(), lane, urgency, user)
    queue.enter(ticket)
    return ticket


def drain(queue: FairQueue, lane: Lane = Lane.GENERATION) -> list[str]:
    return [ticket.user for ticket in iter(lambda: queue.take(lane), None)]


def test_one_who_sends_fifty_does_not_starve_the_rest() -> None:
    queue = FairQueue("cpu", 100)
    for _ in range(50):
        enter(queue, "eager")
    for user in ("anna", "ben", "anna"):
        enter(queue, user)

    assert ["eager", "anna", "ben", "eager", "anna", "eager"] == drain(queue)[:6]


def test_interactive_requests_go_before_batch_ones() -> None:
    queue = FairQueue("cpu", 10)
    enter(queue, "index", Urgency.BATCH)
    enter(queue, "anna")
    enter(queue, "index", Urgency.BATCH)

    assert ["anna", "index", "index"] == drain(queue)


def test_lanes_are_taken_apart_but_share_the_bound() -> None:
    queue = FairQueue("cpu", 2)
    enter(queue, "anna")
    enter(queue, "ben", lane=Lane.PASS)

    with pytest.raises(QueueFull):
        enter(queue, "carl")
    assert ["ben"] == drain(queue, Lane.PASS)
    assert ["anna"] == drain(queue)


def test_a_full_queue_says_when_to_come_again_by_the_measured_rate() -> None:
    queue = FairQueue("cpu", 10)
    queue.served(Lane.GENERATION, 4.0)
    for _ in range(10):
        enter(queue, "anna")

    with pytest.raises(QueueFull, match="Try again in 20 seconds") as refused:
        enter(queue, "ben")
    assert 20 == refused.value.retry_after_s


def test_what_was_let_in_goes_on_in_a_full_queue() -> None:
    queue = FairQueue("cpu", 1)
    enter(queue, "anna")

    queue.enter(Ticket(object(), Lane.PASS, Urgency.INTERACTIVE, "anna"), admitted=True)
    assert 2 == len(queue)


@given(requests)
def test_the_order_that_is_told_is_the_order_that_comes(wanted: list[tuple[str, Urgency]]) -> None:
    queue = FairQueue("cpu", 100)
    for user, urgency in wanted:
        enter(queue, user, urgency)
    told = [ticket.user for ticket in queue.in_order(Lane.GENERATION)]

    assert told == drain(queue)
    assert 0 == len(queue)


@given(requests, st.data())
def test_nobody_is_lost_and_nobody_comes_twice(wanted: list[tuple[str, Urgency]], data: st.DataObject) -> None:
    queue = FairQueue("cpu", 100)
    tickets = [enter(queue, user, urgency) for user, urgency in wanted]
    left = {ticket for ticket in tickets if data.draw(st.booleans())}
    for ticket in left:
        assert queue.leave(ticket)
    came = list(iter(lambda: queue.take(Lane.GENERATION), None))

    assert len(came) == len(set(came))
    assert set(tickets) - left == set(came)
    assert not any(queue.leave(ticket) for ticket in tickets)


@given(requests)
def test_between_two_turns_of_a_person_everyone_else_who_waits_has_one(wanted: list[tuple[str, Urgency]]) -> None:
    queue = FairQueue("cpu", 100)
    for user, _ in wanted:
        enter(queue, user)
    order = drain(queue)

    for at, user in enumerate(order):
        later = order[at + 1 :]
        if user in later:
            between = later[: later.index(user)]
            assert (set(later) - {user}) <= set(between)

"""A bounded queue that is fair between people.

Within a lane, interactive requests go before batch ones, and among equals people take turns: a person's second request
waits until every other person who waits was served once.

Each lane has its own places, for interactive requests and for batch ones: waiting questions take none from a search, and an
index that is built takes none from either. Of these places a person may hold one, and more only up to an eighth of those
that are still free: the fuller a lane is, the less one person gets of it. Of 128 places the first person gets 14 at the most,
and only 35 people who all send as much as they can fill them. (Dynamic thresholds, as for buffers that switches share:
Choudhury and Hahne, 1998.) Requests that name no user are many people's behind one program: they get half of what is free.
"""

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from typing import Generic, TypeVar

from models.errors import QueueFull

Work = TypeVar("Work")
# A person may hold one of so many free places.
PERSON_SHARE = 8
# Of the weight of older service times in the average, after each new one.
_SMOOTHING = 0.8


class Lane(StrEnum):
    """What runs at the same time on a device: one generation of text, and beside it one short pass after another."""

    GENERATION = "generation"
    PASS = "pass"  # noqa: S105 - no secret, a pass over texts


class Urgency(IntEnum):
    INTERACTIVE = 0
    BATCH = 1


class Ticket(Generic[Work]):
    """A place in the queue. An admitted one belongs to a request that had its place before."""

    def __init__(self, work: Work, lane: Lane, urgency: Urgency, user: str) -> None:
        self.work, self.lane, self.urgency, self.user = work, lane, urgency, user
        self.admitted = False


class FairQueue(Generic[Work]):
    """At most `capacity` requests for each lane and urgency. Not for several threads."""

    def __init__(self, name: str, capacity: int) -> None:
        self.name, self.capacity = name, capacity
        self._people: dict[tuple[Lane, Urgency], OrderedDict[str, deque[Ticket[Work]]]] = {
            (lane, urgency): OrderedDict() for lane in Lane for urgency in Urgency
        }
        # How many places are taken, and how many each person holds.
        self._taken: Counter[tuple[Lane, Urgency]] = Counter()
        self._held: Counter[tuple[Lane, Urgency, str]] = Counter()
        self._service_s: dict[Lane, float] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def length(self, lane: Lane) -> int:
        """How many wait in a lane."""
        return sum(len(tickets) for each in Urgency for tickets in self._people[lane, each].values())

    def enter(self, ticket: Ticket[Work], *, admitted: bool = False) -> None:
        """Take a place; an `admitted` request needs none of its own. Raises QueueFull, also where a person's share is full."""
        if not admitted:
            self._check(ticket)
        ticket.admitted = admitted
        self._note(ticket, 1)
        self._people[ticket.lane, ticket.urgency].setdefault(ticket.user, deque()).append(ticket)
        self._count += 1

    def leave(self, ticket: Ticket[Work]) -> bool:
        """Give up a place; False where it was taken from the queue already."""
        people = self._people[ticket.lane, ticket.urgency]
        tickets = people.get(ticket.user)
        if tickets is None or ticket not in tickets:
            return False
        tickets.remove(ticket)
        if not tickets:
            del people[ticket.user]
        self._note(ticket, -1)
        self._count -= 1
        return True

    def _check(self, ticket: Ticket[Work]) -> None:
        free = self.capacity - self._taken[ticket.lane, ticket.urgency]
        held = self._held[ticket.lane, ticket.urgency, ticket.user]
        share = max(1, free // PERSON_SHARE) if ticket.user else free
        if free > 0 and held < share:
            return
        wait_s = self.retry_after_s(ticket.lane)
        if free > 0:
            waiting = f"{held} of your requests wait for {self.name} already, and the other places are kept for others."
        else:
            waiting = f"{self.capacity} requests wait for {self.name} already, and no more are taken."
        raise QueueFull(f"{waiting} Try again in {wait_s} seconds.", wait_s)

    def _note(self, ticket: Ticket[Work], change: int) -> None:
        if ticket.admitted:
            return
        self._taken[ticket.lane, ticket.urgency] += change
        person = ticket.lane, ticket.urgency, ticket.user
        self._held[person] += change
        if not self._held[person]:
            del self._held[person]

    def take(self, lane: Lane) -> Ticket[Work] | None:
        """The next ticket of a lane, which leaves the queue."""
        ticket = next(self.in_order(lane), None)
        if ticket is not None:
            self.leave(ticket)
            self.send_back(ticket)
        return ticket

    def send_back(self, ticket: Ticket[Work]) -> None:
        """Put the person of a ticket that is served behind the others who wait."""
        people = self._people[ticket.lane, ticket.urgency]
        if ticket.user in people:
            people.move_to_end(ticket.user)

    def in_order(self, lane: Lane) -> Iterator[Ticket[Work]]:
        """Every ticket of a lane as it would be taken if nobody else came."""
        for urgency in Urgency:
            rounds = [list(tickets) for tickets in self._people[lane, urgency].values()]
            for number in range(max(map(len, rounds), default=0)):
                yield from (tickets[number] for tickets in rounds if number < len(tickets))

    def served(self, lane: Lane, seconds: float) -> None:
        """Learn how long one request of a lane kept the device."""
        before = self._service_s.get(lane)
        self._service_s[lane] = seconds if before is None else _SMOOTHING * before + (1 - _SMOOTHING) * seconds

    def retry_after_s(self, lane: Lane) -> int:
        """Whole seconds until half of those who wait in a lane will have been served, by the measured rate."""
        return max(1, math.ceil(self._service_s.get(lane, 1.0) * self.length(lane) / 2))

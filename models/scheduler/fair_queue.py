"""A bounded queue that is fair between people.

Interactive requests go before batch ones, and among equals people take turns: a person's second request waits until
every other waiting person was served once.

Interactive and batch requests have places of their own: an index that is built takes none from a search. A person may
hold one of these places, and more only up to an eighth of those that are still free: the fuller the queue is, the less
of it one person gets. Of 128 places the first person gets at most 14, and it takes 35 people who send as much as they
can to fill them. (Dynamic thresholds, as for buffers that switches share: Choudhury and Hahne, 1998.) Requests that
name no user may be of many people behind one program: they get half of the free places.
"""

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from enum import IntEnum
from typing import Generic, TypeVar

from models.errors import QueueFull

Work = TypeVar("Work")
# A person may hold one of so many free places.
PERSON_SHARE = 8
# The weight of older service times in the average, after each new one.
_SMOOTHING = 0.8


class Urgency(IntEnum):
    INTERACTIVE = 0
    BATCH = 1


class Ticket(Generic[Work]):
    """A place in the queue. An admitted one belongs to a request that had its place before."""

    def __init__(self, work: Work, urgency: Urgency, user: str) -> None:
        self.work, self.urgency, self.user = work, urgency, user
        self.admitted = False


class FairQueue(Generic[Work]):
    """At most `capacity` requests per urgency. `name` is for messages to people. Not for several threads."""

    def __init__(self, name: str, capacity: int) -> None:
        self.name, self.capacity = name, capacity
        self._people: dict[Urgency, OrderedDict[str, deque[Ticket[Work]]]] = {
            urgency: OrderedDict() for urgency in Urgency
        }
        # How many places are taken, and how many each person holds.
        self._taken: Counter[Urgency] = Counter()
        self._held: Counter[tuple[Urgency, str]] = Counter()
        self._service_s: float | None = None
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def enter(self, ticket: Ticket[Work], *, admitted: bool = False) -> None:
        """Take a place; an `admitted` request needs none. Raises QueueFull, also where a person's share is full."""
        if not admitted:
            self._check(ticket)
        ticket.admitted = admitted
        self._count_place(ticket, 1)
        self._people[ticket.urgency].setdefault(ticket.user, deque()).append(ticket)
        self._count += 1

    def leave(self, ticket: Ticket[Work]) -> bool:
        """Give up a place; False where the ticket is not in the queue any more."""
        people = self._people[ticket.urgency]
        tickets = people.get(ticket.user)
        if tickets is None or ticket not in tickets:
            return False
        tickets.remove(ticket)
        if not tickets:
            del people[ticket.user]
        self._count_place(ticket, -1)
        self._count -= 1
        return True

    def take(self) -> Ticket[Work] | None:
        """The next ticket, which leaves the queue."""
        ticket = next(self.in_order(), None)
        if ticket is not None:
            self.leave(ticket)
            self.send_back(ticket)
        return ticket

    def send_back(self, ticket: Ticket[Work]) -> None:
        """Put the person of a ticket that is served behind the others who wait."""
        people = self._people[ticket.urgency]
        if ticket.user in people:
            people.move_to_end(ticket.user)

    def in_order(self) -> Iterator[Ticket[Work]]:
        """Every ticket in the order in which they would be taken if no other request came."""
        for urgency in Urgency:
            rounds = [list(tickets) for tickets in self._people[urgency].values()]
            for number in range(max(map(len, rounds), default=0)):
                yield from (tickets[number] for tickets in rounds if number < len(tickets))

    def served(self, seconds: float) -> None:
        """Learn how long one request kept the device."""
        before = self._service_s
        self._service_s = seconds if before is None else _SMOOTHING * before + (1 - _SMOOTHING) * seconds

    def retry_after_s(self) -> int:
        """Whole seconds until half of the waiting requests will have been served, by the measured rate."""
        service_s = 1.0 if self._service_s is None else self._service_s
        return max(1, math.ceil(service_s * len(self) / 2))

    def _check(self, ticket: Ticket[Work]) -> None:
        free = self.capacity - self._taken[ticket.urgency]
        held = self._held[ticket.urgency, ticket.user]
        share = max(1, free // PERSON_SHARE) if ticket.user else free
        if free > 0 and held < share:
            return
        wait_s = self.retry_after_s()
        if free > 0:
            waiting = f"{held} of your requests wait for {self.name} already, and the other places are kept for others."
        else:
            waiting = f"{self.capacity} requests wait for {self.name} already, and no more are taken."
        raise QueueFull(f"{waiting} Try again in {wait_s} seconds.", wait_s)

    def _count_place(self, ticket: Ticket[Work], change: int) -> None:
        if ticket.admitted:
            return
        self._taken[ticket.urgency] += change
        person = ticket.urgency, ticket.user
        self._held[person] += change
        if not self._held[person]:
            del self._held[person]

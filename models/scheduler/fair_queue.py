"""A bounded queue that is fair between users.

Interactive requests run before batch requests. Requests of the same urgency take turns by user: the second request of a
user waits until every other waiting user was served once.

Each waiting request takes one place in the queue. Interactive and batch requests have separate places, so an index that
is being built takes no place from a search. A user may always hold one place, and more only up to an eighth of the free
places. So the fuller the queue, the fewer places one user gets. Of 128 places the first user gets at most 14. To fill
the queue, 35 users must send as many requests as possible. (These are dynamic thresholds, as for the shared buffers
of network switches: Choudhury and Hahne, 1998.) Requests without a user may come from many people who use the same
program. Together they get half of the free places.
"""

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from enum import IntEnum
from typing import Generic, TypeVar

from models.errors import QueueFull

Work = TypeVar("Work")
# A user may hold as many places as the free places divided by this number.
USER_SHARE = 8
# The weight of the old average when a new service time is added to the average.
_SMOOTHING = 0.8


class Urgency(IntEnum):
    INTERACTIVE = 0
    BATCH = 1


class Ticket(Generic[Work]):
    """A request in the queue. An admitted request was already accepted earlier, so it takes no new place."""

    def __init__(self, work: Work, urgency: Urgency, user: str) -> None:
        self.work, self.urgency, self.user = work, urgency, user
        self.admitted = False


class FairQueue(Generic[Work]):
    """Holds at most `capacity` requests per urgency. `name` is for messages. Not thread-safe."""

    def __init__(self, name: str, capacity: int) -> None:
        self.name, self.capacity = name, capacity
        self._users: dict[Urgency, OrderedDict[str, deque[Ticket[Work]]]] = {
            urgency: OrderedDict() for urgency in Urgency
        }
        # The number of taken places, and the number of places that each user holds.
        self._taken: Counter[Urgency] = Counter()
        self._held: Counter[tuple[Urgency, str]] = Counter()
        self._service_s: float | None = None
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def enter(self, ticket: Ticket[Work], *, admitted: bool = False) -> None:
        """Add a request; an `admitted` request needs no free place. Raises QueueFull if no place is free for the user."""
        if not admitted:
            self._check(ticket)
        ticket.admitted = admitted
        self._count_place(ticket, 1)
        self._users[ticket.urgency].setdefault(ticket.user, deque()).append(ticket)
        self._count += 1

    def leave(self, ticket: Ticket[Work]) -> bool:
        """Remove a request. Returns False if the request is no longer in the queue."""
        users = self._users[ticket.urgency]
        tickets = users.get(ticket.user)
        if tickets is None or ticket not in tickets:
            return False
        tickets.remove(ticket)
        if not tickets:
            del users[ticket.user]
        self._count_place(ticket, -1)
        self._count -= 1
        return True

    def take(self) -> Ticket[Work] | None:
        """Remove and return the next request; None if the queue is empty."""
        ticket = next(self.in_order(), None)
        if ticket is not None:
            self.leave(ticket)
            self.send_back(ticket)
        return ticket

    def send_back(self, ticket: Ticket[Work]) -> None:
        """Move the user of a served request behind the other waiting users."""
        users = self._users[ticket.urgency]
        if ticket.user in users:
            users.move_to_end(ticket.user)

    def in_order(self) -> Iterator[Ticket[Work]]:
        """Yield all requests in the order in which they will be served if no other request arrives."""
        for urgency in Urgency:
            rounds = [list(tickets) for tickets in self._users[urgency].values()]
            for number in range(max(map(len, rounds), default=0)):
                yield from (tickets[number] for tickets in rounds if number < len(tickets))

    def served(self, seconds: float) -> None:
        """Record how long one request used the device."""
        average = self._service_s
        self._service_s = seconds if average is None else _SMOOTHING * average + (1 - _SMOOTHING) * seconds

    def retry_after_s(self) -> int:
        """Return the estimated seconds until half of the waiting requests are served, rounded up."""
        service_s = 1.0 if self._service_s is None else self._service_s
        return max(1, math.ceil(service_s * len(self) / 2))

    def _check(self, ticket: Ticket[Work]) -> None:
        free = self.capacity - self._taken[ticket.urgency]
        held = self._held[ticket.urgency, ticket.user]
        share = max(1, free // USER_SHARE) if ticket.user else free
        if free > 0 and held < share:
            return
        wait_s = self.retry_after_s()
        if free > 0:
            reason = (
                f"{held} of your requests are already waiting for {self.name}. The other places are for other users."
            )
        else:
            reason = f"The queue for {self.name} is full: {self.capacity} requests are waiting."
        raise QueueFull(f"{reason} Try again in {wait_s} seconds.", wait_s)

    def _count_place(self, ticket: Ticket[Work], change: int) -> None:
        if ticket.admitted:
            return
        self._taken[ticket.urgency] += change
        key = ticket.urgency, ticket.user
        self._held[key] += change
        if not self._held[key]:
            del self._held[key]

"""Messages between the measurement and its two client processes, one line of JSON each."""

import msgspec

SERVED = 200
REFUSALS = (429, 503)
CLOSED, TIMEOUT = "closed", "timeout"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request. `token` is an API token, `session` the value of a session cookie."""

    path: str
    method: str = "GET"
    body: str = ""
    token: str = ""
    session: str = ""
    gzip: bool = False


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """One client with a fixed schedule: `calls[i]` is due `first_s + i * every_s` seconds after the start.

    An answer is good when its status is 200 and its body matches the regular expression `expects`.
    """

    source: str
    calls: list[Call]
    first_s: float
    every_s: float
    expects: str = ""


class Visits(msgspec.Struct, frozen=True, kw_only=True):
    """The visitors of one period. A call that is not answered in `timeout_s` is given up."""

    visitors: list[Visitor]
    timeout_s: float


class Visited(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from the due moment of each call to the end of its answer, and the refusals by reason.

    A refused call counts as one that took the whole time limit, so that refusals never improve a figure.
    """

    took_ms: list[float]
    refused: dict[str, int]


class Repeated(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Clients that each send their next request when the last one is answered or refused.

    Client i starts with `calls[i % len(calls)]`. With `follow_pages`, a client reads all pages of a paged answer.
    """

    source: str
    clients: int
    calls: list[Call]
    pause_s: float
    follow_pages: bool = False


class HalfSent(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Connections that send half a header and wait. One that the server closes is opened again.

    All connections together open at most `per_second` times per second.
    """

    source: str
    connections: int
    per_second: float


class Questions(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Clients of one member that each ask, follow the stream of the answer to its end, and ask the next question."""

    source: str
    clients: int
    token: str
    questions: list[str]
    pause_s: float


class OpenStreams(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Event streams that stay open, one per call. One that ends or is refused is opened again after `pause_s`."""

    source: str
    calls: list[Call]
    pause_s: float


Abuse = Repeated | HalfSent | Questions | OpenStreams


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Start an abuse, which ends by itself after `seconds`."""

    abuse: Abuse
    seconds: float


class Finish(msgspec.Struct, frozen=True, tag=True):
    """Wait for the end of the abuse that runs, and report its outcome."""


class Begun(msgspec.Struct, frozen=True):
    """The abuse has started."""


class AbuseOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the server treated the abuse.

    `answered` counts whole answers other than 429 and 503, `refused` the rest by reason. `first_served` counts the
    clients whose first request was answered. `open_at_most` is the highest number of requests in progress.
    """

    answered: int
    refused: dict[str, int]
    first_served: int
    open_at_most: int

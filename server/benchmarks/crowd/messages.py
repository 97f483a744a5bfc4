"""Messages between the measurement and its two client processes. Each message is one line of JSON."""

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
    """One client with a fixed schedule: `calls[i]` is due `first_s + i * interval_s` seconds after the start.

    An answer is good if its status is 200 and its body matches the regular expression `expects`.
    """

    source: str
    calls: list[Call]
    first_s: float
    interval_s: float
    expects: str = ""


class Visits(msgspec.Struct, frozen=True, kw_only=True):
    """The visitors of one period. A call without an answer after `timeout_s` counts as refused."""

    visitors: list[Visitor]
    timeout_s: float


class VisitResults(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from the due time of each call to the end of its answer, and the number of refusals by reason.

    The time of a refused call is the whole time limit, so that refusals never improve a figure.
    """

    took_ms: list[float]
    refused: dict[str, int]


class Repeated(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Clients that send their next request when the last request is answered or refused.

    Client i starts with `calls[i % len(calls)]`. With `follow_pages`, a client reads all pages of a paged answer.
    """

    source: str
    clients: int
    calls: list[Call]
    pause_s: float
    follow_pages: bool = False


class HalfSent(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Connections that send half a header and wait. If the server closes a connection, the client opens a new connection.

    At most `per_second` connections are opened per second.
    """

    source: str
    connections: int
    per_second: float


class Questions(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Clients of one member. A client asks a question, reads the answer's stream to its end, and asks the next question."""

    source: str
    clients: int
    token: str
    questions: list[str]
    pause_s: float


class OpenStreams(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Event streams that stay open, one per call. A stream that ends or is refused is reopened after `pause_s` seconds."""

    source: str
    calls: list[Call]
    pause_s: float


Abuse = Repeated | HalfSent | Questions | OpenStreams


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Start an abuse, which stops after `seconds`."""

    abuse: Abuse
    seconds: float


class Finish(msgspec.Struct, frozen=True, tag=True):
    """Wait for the end of the running abuse and report its outcome."""


class Begun(msgspec.Struct, frozen=True):
    """The abuse has started."""


class AbuseOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the server handled the abuse.

    `answered` counts complete answers other than 429 and 503. `refused` counts the other requests by reason. `first_served`
    counts the clients whose first request was answered. `open_at_most` is the highest number of requests in progress.
    """

    answered: int
    refused: dict[str, int]
    first_served: int
    open_at_most: int

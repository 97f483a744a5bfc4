"""The workload: the readers, the searcher, and the requests of each abuse."""

from random import Random
from urllib.parse import urlencode

import msgspec

from server.benchmarks.crowd.messages import Abuse, Call, HalfSent, OpenStreams, Questions, Repeated, Visitor

PERIOD_S = 20.0
READERS, READ_EVERY_S, SEARCH_EVERY_S = 20, 0.5, 1.0
# A reading that takes longer than this counts as refused: no reader waits so long.
TIMEOUT_S = 20.0
PAUSE_S, CROWD_PAUSE_S = 0.05, 1.0
CONNECTIONS, CONNECTIONS_PER_S = 1_000, 250.0
# 128 questions wait while four answers are generated.
QUESTIONS, STREAMS, GREEDY_CLIENTS = 128 + 4, 300, 6
TEXT_CHARACTERS = 200_000
# One stream in ten belongs to a browser session, the others to an API token.
SESSION_STREAM_EVERY = 10
WHOLE_BIBLE, LONG_PASSAGE, LONGEST_CHAPTER = "Genesis 1:1-Revelation 22:21", "Psalms 92:1-150:6", "Ps/119"
EVENTS = "/api/v1/events"
SLOW_QUERY = "UNWIND range(1,100000000) AS x RETURN count(x)"
SEARCHER = "127.0.3.1"
# Questions come last, because some answers are not finished when the time of the abuse ends.
ABUSES = ("cypher_10", "cypher_30", "half_sent", "largest_answers", "event_streams", "texts", "questions")
BY_MEANING = "questions"
FOUND_BY_MEANING = r'"semantic_rank":\d'


class CrowdSite(msgspec.Struct, frozen=True, kw_only=True):
    """The data of the server that the workload needs: a member with a token and a browser session, and a second member."""

    port: int
    token: str
    session: str
    searcher_token: str
    translations: list[str]
    chapters: list[str]
    openings: list[str]


def readers(site: CrowdSite, seed: float) -> list[Visitor]:
    """Return guests who read a random chapter every half second. Their requests are spread over the half second."""
    random = Random(seed)  # noqa: S311 - the same chapters in each run
    count = round(PERIOD_S / READ_EVERY_S)
    return [
        Visitor(
            source=f"127.0.1.{number + 1}",
            calls=[Call(path=path, gzip=True) for path in random.choices(site.chapters, k=count)],
            first_s=number * READ_EVERY_S / READERS,
            interval_s=READ_EVERY_S,
        )
        for number in range(READERS)
    ]


def searcher(site: CrowdSite, seed: float) -> Visitor:
    """Return a member who searches by meaning every second. No query is repeated."""
    count = round(PERIOD_S / SEARCH_EVERY_S)
    openings = Random(seed).sample(site.openings, count)  # noqa: S311 - the same searches in each run
    return Visitor(
        source=SEARCHER,
        calls=[
            Call(path=f"/api/v1/search?{urlencode({'q': opening, 'mode': 'semantic'})}", token=site.searcher_token)
            for opening in openings
        ],
        first_s=0.0,
        interval_s=SEARCH_EVERY_S,
        expects=FOUND_BY_MEANING,
    )


def abuse_named(name: str, site: CrowdSite) -> Abuse:
    """Return one of `ABUSES`. Each abuse uses a separate address."""
    source = f"127.0.2.{ABUSES.index(name) + 1}"
    match name:
        case "cypher_10" | "cypher_30":
            body = msgspec.json.encode({"query": SLOW_QUERY}).decode()
            call = Call(method="POST", path="/api/v1/graph/query", body=body, token=site.token)
            return Repeated(source=source, clients=int(name.removeprefix("cypher_")), calls=[call], pause_s=PAUSE_S)
        case "half_sent":
            return HalfSent(source=source, connections=CONNECTIONS, per_second=CONNECTIONS_PER_S)
        case "largest_answers":
            calls = largest_answers(site)
            return Repeated(source=source, clients=GREEDY_CLIENTS, calls=calls, pause_s=PAUSE_S, follow_pages=True)
        case "event_streams":
            api_call, browser_call = Call(path=EVENTS, token=site.token), Call(path=EVENTS, session=site.session)
            calls = [api_call if number % SESSION_STREAM_EVERY else browser_call for number in range(STREAMS)]
            return OpenStreams(source=source, calls=calls, pause_s=CROWD_PAUSE_S)
        case "texts":
            body = msgspec.json.encode({"text": long_text(TEXT_CHARACTERS)}).decode()
            calls = [Call(method="POST", path="/api/v1/references", body=body, gzip=True)]
            return Repeated(source=source, clients=GREEDY_CLIENTS, calls=calls, pause_s=PAUSE_S)
        case _:
            return Questions(
                source=source, clients=QUESTIONS, token=site.token, questions=site.openings, pause_s=CROWD_PAUSE_S
            )


def largest_answers(site: CrowdSite) -> list[Call]:
    """Return the calls with the longest answers for a guest."""
    whole_bible = urlencode({"ref": WHOLE_BIBLE})
    # The passage has a thousand verses, in two translations. This is the maximum.
    passage = urlencode({"ref": LONG_PASSAGE, "translations": ",".join(site.translations[:2])})
    paths = [
        f"comments?{whole_bible}",
        f"topics/citing?{whole_bible}",
        f"entities/mentioned?{whole_bible}",
        f"passages?{passage}",
        f"chapters/{site.translations[0]}/{LONGEST_CHAPTER}",
    ]
    return [Call(path=f"/api/v1/{path}", gzip=True) for path in paths]


def long_text(characters: int) -> str:
    """Return a text that consists only of references."""
    return ("Gen " + "1-1," * (characters // 4))[:characters]

"""The workload matches its definition."""

import msgspec

from appliance.scripture.references import find_references
from server.api.library import MAX_TEXT_CHARACTERS
from server.benchmarks.crowd.messages import HalfSent, OpenStreams, Questions, Repeated
from server.benchmarks.crowd.plan import (
    ABUSES,
    SEARCHER,
    CrowdSite,
    abuse_named,
    largest_answers,
    long_text,
    readers,
    searcher,
)

SITE = CrowdSite(
    port=1,
    token="ben",
    session="bens-browser",
    searcher_token="carla",
    translations=["WEB", "KJV"],
    chapters=[f"/api/v1/chapters/WEB/Ps/{number}" for number in range(1, 151)],
    openings=[f"In the beginning of day {number}" for number in range(300)],
)


def test_twenty_readers_read_every_half_second_from_separate_addresses() -> None:
    visitors = readers(SITE, 1)
    due = sorted(
        round(visitor.first_s + number * visitor.interval_s, 3) for visitor in visitors for number in range(40)
    )

    assert [f"127.0.1.{number}" for number in range(1, 21)] == [visitor.source for visitor in visitors]
    assert {40} == {len(visitor.calls) for visitor in visitors}
    assert [round(number * 0.025, 3) for number in range(800)] == due
    assert {""} == {call.token + call.session for visitor in visitors for call in visitor.calls}


def test_chapters_are_random_and_the_same_in_each_run() -> None:
    paths = [call.path for reader in readers(SITE, 1) for call in reader.calls]

    assert paths == [call.path for reader in readers(SITE, 1) for call in reader.calls]
    assert paths != [call.path for reader in readers(SITE, 2) for call in reader.calls]
    assert len(set(paths)) > 100


def test_a_member_searches_every_second_for_different_words() -> None:
    visitor = searcher(SITE, 1)

    assert (20, 20) == (len(visitor.calls), len({call.path for call in visitor.calls}))
    assert {SITE.searcher_token} == {call.token for call in visitor.calls}
    assert all("mode=semantic" in call.path for call in visitor.calls)


def test_each_abuse_has_a_separate_address() -> None:
    used_addresses = {SEARCHER, *(reader.source for reader in readers(SITE, 1))}
    sources = [abuse_named(name, SITE).source for name in ABUSES]

    assert len(ABUSES) == len(set(sources) - used_addresses)


def test_each_abuse_has_its_defined_number_of_clients() -> None:
    sizes = {}
    for name in ABUSES:
        match abuse_named(name, SITE):
            case Repeated(clients=clients) | Questions(clients=clients):
                sizes[name] = clients
            case HalfSent(connections=connections):
                sizes[name] = connections
            case OpenStreams(calls=calls):
                sizes[name] = len(calls)

    assert sizes.pop("questions") > 128, "some answers are generated while 128 questions wait"
    assert {"cypher_10": 10, "cypher_30": 30, "half_sent": 1_000} == {name: sizes[name] for name in list(sizes)[:3]}
    assert {"largest_answers": 6, "event_streams": 300, "texts": 6} == {name: sizes[name] for name in list(sizes)[3:]}


def test_one_stream_in_ten_belongs_to_a_browser() -> None:
    streams = abuse_named("event_streams", SITE)

    assert isinstance(streams, OpenStreams)
    assert 30 == sum(call.session == SITE.session for call in streams.calls)
    assert 270 == sum(call.token == SITE.token for call in streams.calls)


def test_a_long_text_has_the_maximum_length_and_only_references() -> None:
    texts = abuse_named("texts", SITE)

    assert isinstance(texts, Repeated)
    assert MAX_TEXT_CHARACTERS == len(msgspec.json.decode(texts.calls[0].body)["text"])
    assert long_text(12) == "Gen 1-1,1-1,"
    assert [(0, 7), (8, 11), (12, 15)] == [(match.start, match.end) for match in find_references(long_text(16))]


def test_the_largest_answers_are_about_the_whole_bible() -> None:
    paths = [call.path for call in largest_answers(SITE)]

    assert 3 == sum("ref=Genesis+1%3A1-Revelation+22%3A21" in path for path in paths)
    assert any("translations=WEB%2CKJV" in path for path in paths)

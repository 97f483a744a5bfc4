"""Durations, times, pauses and browsers as text for people."""

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.infrastructure.jobs.queue_state import Pause
from server.words import ago, browser_of, day, duration, moment, pause_in_words

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Noon in the time zone of the machine.
NOON = datetime(2026, 3, 12, 12).astimezone()
UNITS = {"s": 1, "min": MINUTE, "h": HOUR}


def pause(*, reason: str = "", until: float | None = None) -> Pause:
    return Pause(queue="library", paused_by="Anna", reason=reason, paused_at=0.0, until=until)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45.4, "45 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (4 * MINUTE, "4 min"),
        (89 * MINUTE, "89 min"),
        (90 * MINUTE, "1 h 30 min"),
        (2 * HOUR + 10 * MINUTE, "2 h 10 min"),
        (26 * HOUR, "26 h 0 min"),
    ],
)
def test_a_duration_has_one_unit_or_hours_and_minutes(seconds: float, text: str) -> None:
    assert text == duration(seconds)


@given(st.floats(0, 1_000 * HOUR))
def test_a_duration_is_rounded_to_the_nearest_unit(seconds: float) -> None:
    parts = re.findall(r"(\d+) (s|min|h)\b", duration(seconds))
    written = sum(int(number) * UNITS[unit] for number, unit in parts)

    assert abs(written - seconds) <= UNITS[parts[-1][1]] / 2
    assert all(int(number) < MINUTE for number, unit in parts if len(parts) == 2 and unit == "min")


@pytest.mark.parametrize(
    ("elapsed_s", "text"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59.9, "just now"),
        (60, "60 s ago"),
        (4 * MINUTE, "4 min ago"),
        (2 * HOUR, "2 h 0 min ago"),
        (DAY - 1, "24 h 0 min ago"),
        (DAY, "11 March 2026"),
        (40 * DAY, "31 January 2026"),
    ],
)
def test_a_past_time_of_the_last_day_is_a_duration_and_an_older_one_a_date(elapsed_s: float, text: str) -> None:
    now = NOON.timestamp()

    assert text == ago(now - elapsed_s, now=now)


def test_a_date_has_no_leading_zero() -> None:
    assert "1 March 2026" == day(datetime(2026, 3, 1, 12).astimezone().timestamp())


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        (timedelta(), "12:00 today"),
        (timedelta(hours=11, minutes=59), "23:59 today"),
        (timedelta(hours=-11, minutes=-55), "00:05 today"),
        (timedelta(hours=12), "00:00 on 13 March 2026"),
        (timedelta(days=-1, hours=-3), "09:00 on 11 March 2026"),
    ],
)
def test_a_time_of_another_day_has_its_date(difference: timedelta, text: str) -> None:
    assert text == moment((NOON + difference).timestamp(), now=NOON.timestamp())


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (pause(), "Paused by Anna until someone resumes it."),
        (pause(until=NOON.timestamp()), "Paused by Anna until 12:00."),
        (pause(reason="too loud"), "Paused by Anna until someone resumes it: too loud."),
        (pause(reason="too loud", until=NOON.timestamp()), "Paused by Anna until 12:00: too loud."),
    ],
)
def test_a_pause_is_a_sentence(state: Pause, sentence: str) -> None:
    assert sentence == pause_in_words(state)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 OPR/112.0", "Opera on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on an iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Version/17.5 Safari/605.1", "Safari on a Mac"),
        ("Dalvik/2.1 (Linux; Android 14)", "Android"),
        ("curl/8.8.0", "curl/8.8.0"),
        ("x" * 50, "x" * 40),
        ("", "unknown program"),
    ],
)
def test_a_browser_is_named_with_its_system(agent: str, name: str) -> None:
    assert name == browser_of(agent)

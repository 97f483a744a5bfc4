"""Durations, times, pauses and browsers as text for people."""

import time
from datetime import datetime

from appliance.infrastructure.jobs.queue_state import Pause


def duration(seconds: float) -> str:
    """A duration such as `45 s`, `4 min` or `2 h 10 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def pause_in_words(pause: Pause) -> str:
    """A pause as a sentence. For example: Paused by Anna until 14:30: too loud."""
    until = datetime.fromtimestamp(pause.until).astimezone() if pause.until else None
    end = f" until {until:%H:%M}" if until else " until someone resumes it"
    return f"Paused by {pause.paused_by}{end}{f': {pause.reason}' if pause.reason else ''}."


def ago(moment: float, *, now: float | None = None) -> str:
    """A past time, such as `just now`, `4 min ago` or `12 March 2026`."""
    elapsed_s = (time.time() if now is None else now) - moment
    if elapsed_s < 60:
        return "just now"
    return f"{duration(elapsed_s)} ago" if elapsed_s < 86_400 else day(moment)


def day(moment: float) -> str:
    """The date of a time, such as `12 March 2026`."""
    when = datetime.fromtimestamp(moment).astimezone()
    return f"{when.day} {when:%B %Y}"


def moment(when: float, *, now: float | None = None) -> str:
    """A time, such as `14:30 today` or `09:00 on 12 March 2026`."""
    local = datetime.fromtimestamp(when).astimezone()
    is_today = local.date() == datetime.fromtimestamp(time.time() if now is None else now).astimezone().date()
    return f"{local:%H:%M} today" if is_today else f"{local:%H:%M} on {day(when)}"


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "a Mac"),
    ("Linux", "Linux"),
)


def browser_of(agent: str) -> str:
    """A readable name of a browser, from its User-Agent header."""
    name = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return " on ".join(filter(None, (name, system))) or agent[:40] or "unknown program"

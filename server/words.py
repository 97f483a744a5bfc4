"""Figures and states in words."""

import time
from datetime import datetime

from appliance.infrastructure.jobs.queue_state import Pause


def duration(seconds: float) -> str:
    """`45 s`, `4 min`, `2 h 10 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def pause_in_words(pause: Pause) -> str:
    """As in: Paused by Anna until 14:30, too loud."""
    until = datetime.fromtimestamp(pause.until).astimezone() if pause.until else None
    end = f" until {until:%H:%M}" if until else " until somebody resumes it"
    return f"Paused by {pause.paused_by}{end}{f': {pause.reason}' if pause.reason else ''}."


def ago(moment: float) -> str:
    """As in: just now, 4 min ago, 12 March."""
    passed = time.time() - moment
    if passed < 60:
        return "just now"
    return f"{duration(passed)} ago" if passed < 86_400 else day(moment)


def day(moment: float) -> str:
    when = datetime.fromtimestamp(moment).astimezone()
    return f"{when.day} {when:%B %Y}"


def moment(when: float) -> str:
    """As in: 14:30 today, 09:00 on 12 March 2026."""
    at = datetime.fromtimestamp(when).astimezone()
    return f"{at:%H:%M} today" if at.date() == datetime.now().astimezone().date() else f"{at:%H:%M} on {day(when)}"


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
    """A browser as its owner knows it, from what it calls itself."""
    name = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return " on ".join(filter(None, (name, system))) or agent[:40] or "a program"

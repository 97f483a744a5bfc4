"""Figures and states in words."""

from datetime import datetime

from appliance.infrastructure.jobs.pauses import Pause


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

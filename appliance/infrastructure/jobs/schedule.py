"""Work that comes round: each kind once a day, at its hour, or as soon after as the machine is on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.jobs.ledger import Jobs

SKEW_S = 120.0


class Daily(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of job that is due each day at `hour` o'clock of this machine's time."""

    kind: JobKind
    title: str
    hour: int
    arguments: Mapping[str, Any] = {}


def create_scheduled_jobs(jobs: Jobs, schedule: Sequence[Daily], now: datetime) -> list[Job]:
    """The jobs whose hour has come since one of their kind was made last. `now` is this machine's time, without a zone."""
    made = []
    for each in schedule:
        hour = now.replace(hour=each.hour, minute=0, second=0, microsecond=0)
        due_since = hour if hour <= now else hour - timedelta(days=1)
        # One that was made while the clock was ahead counts for nothing.
        last = jobs.last_of_kind(each.kind.name, before=now.timestamp() + SKEW_S)
        if last is None or last.created_at < due_since.timestamp():
            made.append(jobs.create(each.kind, title=each.title, arguments=each.arguments))
    return made

"""Daily jobs. Each is created at its hour, or as soon as possible after that hour if the machine was off."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.jobs.ledger import Jobs

SKEW_S = 120.0


def create_daily_jobs(jobs: Jobs, kinds: Iterable[JobKind[Any, Any]], now: datetime) -> list[Job]:
    """Create the daily jobs that are due. `now` is this machine's local time, without a time zone."""
    created = []
    for kind in kinds:
        if kind.daily_at is None:
            continue
        hour = now.replace(hour=kind.daily_at, minute=0, second=0, microsecond=0)
        due_since = hour if hour <= now else hour - timedelta(days=1)
        # Ignore a job that was created while the clock was ahead.
        last = jobs.last_of_kind(kind.name, before=now.timestamp() + SKEW_S)
        if last is None or last.created_at < due_since.timestamp():
            created.append(jobs.create(kind, kind.arguments()))
    return created

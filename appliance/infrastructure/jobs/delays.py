"""How long a job waits before it is retried."""

import random

from appliance.infrastructure.jobs.job import Job

BACKOFF_S = 5.0
# The longest delay. A longer delay in the database was written while the clock was ahead.
BACKOFF_LIMIT_S = 300.0
# If a job's worker dies more often than this, the job waits longer each time. So the worker can run other jobs in between.
FREE_DEATHS = 2
DEATH_PAUSE_LIMIT_S = 30.0


def pause_after_failure(job: Job) -> float:
    """Return the seconds to wait after a temporary failure of a job.

    The longest pause grows with each failure. The pause is random, between half of this longest pause and all of it. So jobs
    that failed at the same time are not retried at the same time.
    """
    longest: float = min(BACKOFF_S * 2**job.failures, BACKOFF_LIMIT_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - the number is not a secret


def pause_after_death(job: Job) -> float:
    """Return the seconds to wait after a job's worker died: 0 after few deaths, or if the job got further than before."""
    deaths = 1 if job.progress > job.best_progress else job.deaths + 1
    return min(2.0 ** (deaths - FREE_DEATHS), DEATH_PAUSE_LIMIT_S) if deaths > FREE_DEATHS else 0.0

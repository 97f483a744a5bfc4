"""How long a job waits before it is tried again."""

import random

from appliance.infrastructure.jobs.job import Job

BACKOFF_S = 5.0
# No job waits longer; one that seems to was put back while the clock was ahead.
BACKOFF_LIMIT_S = 300.0
# From the third time that its worker dies on, a job waits a little longer each time, so that the worker gets to other
# work between.
FREE_DEATHS = 2
DEATH_PAUSE_LIMIT_S = 30.0


def pause_after_failure(job: Job) -> float:
    """Seconds after a passing failure of a job.

    The pause grows with each failure, and is drawn from within half of it, so that jobs that failed together do not come
    back together.
    """
    longest: float = min(BACKOFF_S * 2**job.failures, BACKOFF_LIMIT_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


def pause_after_death(job: Job) -> float:
    """Seconds after the worker of a job died; 0 while it died seldom, or the job came further each time."""
    deaths = 1 if job.progress > job.best_progress else job.deaths + 1
    return min(2.0 ** (deaths - FREE_DEATHS), DEATH_PAUSE_LIMIT_S) if deaths > FREE_DEATHS else 0.0

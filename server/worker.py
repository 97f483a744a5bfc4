"""The consumer of a queue: works on its jobs, and takes back what the dead left."""

import contextlib
import signal

import structlog

from appliance.errors import ApplianceError
from appliance.infrastructure.job_runner import lower_priority, run_job
from appliance.infrastructure.jobs import JobRunningElsewhere
from server.bootstrap import Appliance


def consume(appliance: Appliance) -> None:
    """Work on the jobs of the library until this process is asked to end."""
    lower_priority()
    functions = appliance.job_functions

    def work(job_id: int) -> None:
        # What failed stands in the job, where the person looks; the consumer goes on.
        with contextlib.suppress(ApplianceError, JobRunningElsewhere):
            run_job(appliance.jobs, functions, job_id, retry=True)

    def due() -> list[int]:
        appliance.jobs.fail_orphans(functions.keys(), "It was cut off. Run ./packaging/run.sh again to finish it.")
        return [job.id for job in appliance.jobs.due(functions.keys())]

    appliance.create_following_jobs()
    structlog.get_logger().info("worker started", queue=appliance.queue.name)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    appliance.queue.consume(work=work, sweep=due)

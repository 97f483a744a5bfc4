"""The example in docs/add-a-job.md works."""

import re
from pathlib import Path
from typing import Any

from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.job import State
from appliance.infrastructure.jobs.kind import JobKinds
from server.bootstrap import Appliance
from server.worker import Worker

PAGE = Path(__file__).parents[2] / "docs" / "add-a-job.md"


def test_the_example_runs_in_a_worker(appliance: Appliance, full_library: Database) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    namespace: dict[str, Any] = {}
    exec(compile(example[1], str(PAGE), "exec"), namespace)
    (kind,) = namespace["KINDS"]
    job = appliance.dispatcher.create(kind, kind.arguments(translation="WEB"))
    appliance.library = full_library
    Worker(appliance, "library", JobKinds([kind])).drain()
    done = appliance.jobs.get(job.id)

    assert (State.DONE, "Count the words of WEB") == (done.state, done.title)
    assert re.fullmatch(r"[89]\d\d,\d{3} words in WEB", done.message), done.message

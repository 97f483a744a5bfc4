"""The server starts with Debian's limit of open files."""

import resource
import subprocess
import sys

import pytest

from server.benchmarks.crowd.site import few_descriptors
from server.benchmarks.helper_process import MeasurementFailed


def limit_of_a_child_process() -> int:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)


def test_child_processes_start_with_a_low_limit_and_this_process_keeps_its_limit() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with few_descriptors():
        child_limit = limit_of_a_child_process()

    assert 1_024 == child_limit
    assert before == resource.getrlimit(resource.RLIMIT_NOFILE)


def test_a_too_low_limit_of_open_files_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (512, 1_024))

    with pytest.raises(MeasurementFailed, match="1,024 open files"), few_descriptors():
        pass

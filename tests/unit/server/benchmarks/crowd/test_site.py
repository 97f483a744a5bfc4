"""The server begins with Debian's limit of open files."""

import resource
import subprocess
import sys

import pytest

from server.benchmarks.companion import MeasurementFailed
from server.benchmarks.crowd.site import few_descriptors


def limit_of_a_program() -> int:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)


def test_programs_begin_with_few_descriptors_and_this_one_keeps_its_own() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with few_descriptors():
        begun = limit_of_a_program()

    assert 1_024 == begun
    assert before == resource.getrlimit(resource.RLIMIT_NOFILE)


def test_a_shell_that_allows_too_few_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (512, 1_024))

    with pytest.raises(MeasurementFailed, match="1,024 open files"), few_descriptors():
        pass

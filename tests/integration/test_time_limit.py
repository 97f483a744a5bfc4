"""A time limit ends native code, which no exception can end."""

import signal
import subprocess
import sys


def test_a_long_step_of_native_code_kills_its_process() -> None:
    code = "from models.child.time_limit import time_limit\nwith time_limit(0.2, RuntimeError()): sum(range(10**12))"
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False, capture_output=True)

    assert -signal.SIGPROF == done.returncode

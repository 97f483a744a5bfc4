"""File locks between processes."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from appliance.infrastructure.file_lock import locked, try_lock

TRY = """
import os, sys
from appliance.infrastructure.file_lock import try_lock
print(try_lock(os.open(sys.argv[1], os.O_RDWR)))
"""


def another_process_can_lock(path: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", TRY, str(path)], capture_output=True, text=True, check=True)
    return done.stdout == "True\n"


def test_only_one_process_at_a_time_is_in_the_block(tmp_path: Path) -> None:
    path, inside, may_end = tmp_path / "lock", threading.Event(), threading.Event()

    def hold() -> None:
        with locked(path):
            inside.set()
            may_end.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(10)

    assert not another_process_can_lock(path)
    may_end.set()
    thread.join()
    assert another_process_can_lock(path)


def test_a_lock_ends_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT)

    assert try_lock(handle)
    assert not another_process_can_lock(path)
    os.close(handle)
    assert another_process_can_lock(path)

"""A limited process dies with its parent, uses no more memory than allowed, and is the first that the kernel kills."""

import contextlib
import os
import signal
import subprocess
import sys

from models.child import limits

# Run in another process, because a process cannot remove its own limits.
LIMITED = f"from {limits.__name__} import limit_this_process\n"
MIB = 2**20


def output_of(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED + script], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_a_process_cannot_write_to_more_memory_than_its_limit() -> None:
    script = f"""
limit_this_process({200 * MIB})
bytearray({20 * MIB})
try:
    bytearray({400 * MIB})
except MemoryError:
    print("refused")
"""
    assert "refused" == output_of(script)


def test_files_that_are_mapped_for_reading_do_not_count() -> None:
    script = f"""
import mmap, tempfile
limit_this_process({200 * MIB})
with tempfile.TemporaryFile() as weights:
    weights.truncate({400 * MIB})
    print(len(mmap.mmap(weights.fileno(), 0, prot=mmap.PROT_READ)))
"""
    assert 400 * MIB == int(output_of(script))


def test_a_limit_of_zero_sets_none_and_the_kernel_prefers_to_kill_this_process() -> None:
    script = """
import resource
before = resource.getrlimit(resource.RLIMIT_DATA)
limit_this_process(0)
print(before == resource.getrlimit(resource.RLIMIT_DATA), open("/proc/self/oom_score_adj").read())
"""
    assert "True 500" == output_of(script)


def test_a_process_dies_with_its_parent() -> None:
    child = LIMITED + "limit_this_process(0)\nprint('limited', flush=True)\nimport signal\nsignal.pause()"
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"],
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert parent.stdout is not None
    try:
        assert "limited\n" == parent.stdout.readline()
        parent.kill()
        # The pipe ends when no process has its other end any more.
        output, _ = parent.communicate(timeout=20)
        assert "" == output
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)

"""The owner of a lease is a process. The owner's name has the host, the boot and the start of the process.

So other processes can detect that the owner has died.
"""

import os
import platform
from collections.abc import Collection, Hashable
from pathlib import Path

import psutil

from appliance.infrastructure.clock import Clock


class Heartbeats:
    """How long ago the lease of a job on another machine last changed, by the clock of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[int, tuple[Hashable, float]] = {}

    def silent_s(self, job_id: int, beat: Hashable) -> float:
        """Return the seconds since this process first saw the current value of the lease, `beat`."""
        now = self._clock.monotonic()
        last_beat, since = self._seen.get(job_id, (None, now))
        if last_beat != beat:
            self._seen[job_id] = (beat, now)
            return 0.0
        return now - since

    def keep(self, jobs: Collection[int]) -> None:
        """Forget all jobs except these."""
        for job_id in self._seen.keys() - jobs:
            self._seen.pop(job_id, None)


def this_process() -> str:
    """Return the name of this process in leases: host, boot, process number and start."""
    return f"{platform.node()}/{_boot_id()}/{os.getpid()}/{_start(os.getpid())}"


def is_of_this_machine(owner: str) -> bool:
    return owner.rsplit("/", 3)[0] == platform.node()


def owner_is_dead(owner: str) -> bool:
    """Return True if the owner was a process of this machine that no longer runs. If this is not certain, return False."""
    _host, boot, pid, started = owner.rsplit("/", 3)
    if not is_of_this_machine(owner):
        return False
    if boot != _boot_id():
        return True
    try:
        return _start(int(pid)) != started or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _start(pid: int) -> str:
    """Return when a process started, in ticks since the boot. Setting the clock does not change this. Raises NoSuchProcess."""
    try:
        # The name in parentheses can contain any characters. The start is the twentieth field after the name (proc(5)).
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except FileNotFoundError:
        if Path("/proc/self").exists():
            raise psutil.NoSuchProcess(pid) from None
        return f"{psutil.Process(pid).create_time():.2f}"


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else f"{psutil.boot_time():.0f}"

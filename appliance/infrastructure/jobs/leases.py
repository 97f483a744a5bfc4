"""Who holds a lease: a process, named by host, boot and start, so that its death can be told."""

import os
import platform
from pathlib import Path

import psutil


def this_process() -> str:
    """The name of this process in leases: host, boot and process with its start."""
    return f"{platform.node()}/{_boot_id()}/{os.getpid()}/{_start(os.getpid())}"


def is_of_this_machine(owner: str) -> bool:
    return owner.rsplit("/", 3)[0] == platform.node()


def owner_is_dead(owner: str) -> bool:
    """True where the owner was a process of this machine and no longer runs; False where that cannot be known."""
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
    """When a process began, in ticks since the boot: a clock that is set does not change it. Raises NoSuchProcess."""
    try:
        # The name in parentheses may hold anything; the start is the twentieth field after it (proc(5)).
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except FileNotFoundError:
        if Path("/proc/self").exists():
            raise psutil.NoSuchProcess(pid) from None
        return f"{psutil.Process(pid).create_time():.2f}"


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else f"{psutil.boot_time():.0f}"

"""Who holds a lease: a process, named by host, boot and start, so that its death can be told."""

import platform
from pathlib import Path

import psutil


def this_process() -> str:
    """The name of this process in leases: host, boot and process with its start."""
    process = psutil.Process()
    return f"{platform.node()}/{_boot_id()}/{process.pid}/{process.create_time():.2f}"


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
        process = psutil.Process(int(pid))
        return f"{process.create_time():.2f}" != started or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else f"{psutil.boot_time():.0f}"

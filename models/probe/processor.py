"""Read the processor and the memory from the kernel."""

import os
import platform
from pathlib import Path

import psutil

from models.probe.devices import Memory, Processor

# The names that Linux uses in /proc/cpuinfo.
FEATURES = (
    "avx",
    "f16c",
    "fma",
    "avx2",
    "avx_vnni",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_int8",
    "asimddp",
    "i8mm",
)
CPUINFO = Path("/proc/cpuinfo")
CGROUP_LIMIT, CGROUP_USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


def read_processor(cpuinfo: Path = CPUINFO) -> Processor:
    name, flags = platform.machine(), set[str]()
    for line in cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() in ("flags", "Features"):
            flags = set(value.split())
    return Processor(
        name=name, cores=len(os.sched_getaffinity(0)), features=[feature for feature in FEATURES if feature in flags]
    )


def read_memory(cgroup_limit: Path = CGROUP_LIMIT, cgroup_used: Path = CGROUP_USED) -> Memory:
    """Return the memory of the machine, or the memory of the container if the container has less."""
    memory = psutil.virtual_memory()
    total, available = memory.total, memory.available
    limit, used = _number(cgroup_limit), _number(cgroup_used)
    if limit is not None and limit < total:
        total, available = limit, min(available, limit - (used or 0))
    return Memory(total=total, available=max(0, available))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None

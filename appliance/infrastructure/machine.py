"""A description of this machine, for reports and measurements."""

import os
import platform
from pathlib import Path

import msgspec
import psutil

CPUINFO = Path("/proc/cpuinfo")


class Machine(msgspec.Struct, frozen=True):
    """Cores, memory in GiB, and the vector instructions that the model libraries can use."""

    processor: str
    cores: int
    memory_gib: float
    features: list[str]
    system: str


def describe_machine(cpuinfo: Path = CPUINFO) -> Machine:
    processor, flags = _processor(cpuinfo)
    return Machine(
        processor=processor,
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        features=[name for name in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if name in flags],
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    )


def _processor(cpuinfo: Path) -> tuple[str, set[str]]:
    name, flags = platform.machine(), set[str]()
    for line in cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() == "flags":
            flags = set(value.split())
    return name, flags

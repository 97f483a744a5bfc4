"""The memory of a process and its descendants. A memory page that several of these processes share counts once."""

import contextlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import psutil

from server.benchmarks.helper_process import MeasurementFailed
from server.left_over import name_of_command

PROPORTIONAL = "Pss:"


class ProcessMemory(NamedTuple):
    """A process and its proportional set size (PSS)."""

    name: str
    mb: float


def memory_of_tree(pid: int) -> list[ProcessMemory]:
    """Return the memory of a process and its descendants, the largest first.

    If other programs share a memory page, only a part of the page counts. So do not run many other Python programs meanwhile.
    Raises MeasurementFailed if the kernel does not report the sizes.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return sorted(_sizes([root, *root.children(recursive=True)]), key=lambda process: -process.mb)
    return []


def total_mb(processes: list[ProcessMemory]) -> float:
    return sum(process.mb for process in processes)


def in_words(processes: list[ProcessMemory]) -> str:
    """Return one line: the total memory, then the memory of each process. Processes with the same name are numbered."""
    counts, seen = Counter(process.name for process in processes), Counter[str]()
    parts = []
    for process in processes:
        seen[process.name] += 1
        number = f" {seen[process.name]}" if counts[process.name] > 1 else ""
        parts.append(f"{process.name}{number} {process.mb:.0f}")
    return f"{total_mb(processes):.0f} MB: {', '.join(parts)}"


def proportional_mb(rollup: str) -> float:
    """Return the PSS from the text of `/proc/PID/smaps_rollup`, including mapped files. Raises MeasurementFailed."""
    for line in rollup.splitlines():
        if line.startswith(PROPORTIONAL):
            return int(line.split()[1]) * 1024 / 1e6
    raise MeasurementFailed("The kernel does not report the memory of a process.", remedy="Use Linux 4.14 or later.")


def _sizes(processes: list[psutil.Process]) -> list[ProcessMemory]:
    sizes = []
    for process in processes:
        # A process can end after it is listed. A process without a command line has already ended.
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
            line = process.cmdline()
            if line:
                sizes.append(ProcessMemory(name_of_command(line), proportional_mb(_rollup(process.pid))))
    return sizes


def _rollup(pid: int) -> str:
    return Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")

"""Memory of a process and its descendants, where a page that several of them share counts once."""

import contextlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import psutil

from server.benchmarks.companion import MeasurementFailed
from server.left_over import name_of_command

PROPORTIONAL = "Pss:"


class ProcessMemory(NamedTuple):
    """A process and its proportional set size (PSS)."""

    name: str
    mb: float


def memory_of_tree(pid: int) -> list[ProcessMemory]:
    """A process and its descendants, the largest first.

    Of a page that other programs use too, only a share counts: run few other Python programs at the same time. Raises
    MeasurementFailed where the kernel does not report the sizes.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return sorted(_sizes([root, *root.children(recursive=True)]), key=lambda each: -each.mb)
    return []


def total_mb(processes: list[ProcessMemory]) -> float:
    return sum(each.mb for each in processes)


def in_words(processes: list[ProcessMemory]) -> str:
    """One line: the sum, then each process. Processes of one name have numbers."""
    counts, seen = Counter(each.name for each in processes), Counter[str]()
    parts = []
    for each in processes:
        seen[each.name] += 1
        number = f" {seen[each.name]}" if counts[each.name] > 1 else ""
        parts.append(f"{each.name}{number} {each.mb:.0f}")
    return f"{total_mb(processes):.0f} MB: {', '.join(parts)}"


def proportional_mb(rollup: str) -> float:
    """The PSS in the text of `/proc/PID/smaps_rollup`, mapped files included. Raises MeasurementFailed."""
    for line in rollup.splitlines():
        if line.startswith(PROPORTIONAL):
            return int(line.split()[1]) * 1024 / 1e6
    raise MeasurementFailed("The kernel does not report the memory of a process.", remedy="Use Linux 4.14 or later.")


def _sizes(processes: list[psutil.Process]) -> list[ProcessMemory]:
    sizes = []
    for process in processes:
        # A process can end between the list and the reading; a process without a command line has ended already.
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
            line = process.cmdline()
            if line:
                sizes.append(ProcessMemory(name_of_command(line), proportional_mb(_rollup(process.pid))))
    return sizes


def _rollup(pid: int) -> str:
    return Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")

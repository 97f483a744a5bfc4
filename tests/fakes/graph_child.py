"""The process that answers free queries, asked without the filter before it, and what it asked of the kernel meanwhile."""

import json
import os
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from appliance.infrastructure.graph.free_question import COMMAND

# Calls that open, start or reach something.
WATCHED = (
    "%file,%network,execve,execveat,fork,vfork,clone,clone3,ptrace,process_vm_readv,process_vm_writev,io_uring_setup,bpf,"
    "pidfd_open,memfd_create,open_by_handle_at,userfaultfd,kill,tgkill"
)
# The C library looks how generous the kernel is with memory, and starts threads.
OF_THE_C_LIBRARY = ("/proc/sys/vm/overcommit_memory", "CLONE_THREAD")
PATIENCE_S = 60.0
_UNFINISHED, _RESUMED = " <unfinished ...>", re.compile(r"<\.\.\. \w+ resumed>")
_CALL = re.compile(r"\w+\(.*\) += (?P<result>-?\w+)")


class GraphChild:
    """A confined child that answers one query after another; `watched` has strace write down its system calls."""

    def __init__(self, graph: Path, *, watched: bool = False) -> None:
        self._log: Path | None = None
        prefix: Sequence[str] = ()
        if watched:
            descriptor, name = tempfile.mkstemp(prefix="strace-")
            os.close(descriptor)
            self._log = Path(name)
            prefix = (
                shutil.which("strace") or "strace",
                "-f",
                "-qq",
                "-s",
                "200",
                "-e",
                f"trace={WATCHED}",
                "-o",
                name,
            )
        self._process = subprocess.Popen(
            [*prefix, *COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
        )
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._seen = 0
        self._begun: dict[str, str] = {}
        self._send({"path": str(graph)})
        assert [[1]] == self.ask("RETURN 1").get("rows"), "the child does not answer"
        self.calls()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._selector.close()
        self._process.kill()
        self._process.communicate()
        if self._log:
            self._log.unlink()

    def ask(self, question: str, **values: Any) -> dict[str, Any]:
        """Its answer; empty where it ended over the query."""
        self._send({"question": question, "values": values, "max_rows": 100, "max_bytes": 100_000})
        if not self._selector.select(PATIENCE_S):
            raise TimeoutError(f"no answer to {question!r}")
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or "{}")
        return answer

    def calls(self) -> list[tuple[str, bool]]:
        """The watched system calls since the last look: the line of strace, and whether the kernel did what was wanted."""
        if self._log is None:
            return []
        with self._log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._seen)
            lines = log.read().splitlines()
            self._seen = log.tell()
        found = [(call, match["result"]) for call in self._whole(lines) if (match := _CALL.match(call))]
        return [
            (call, not result.startswith("-"))
            for call, result in found
            if not any(mark in call for mark in OF_THE_C_LIBRARY)
        ]

    def _whole(self, lines: Sequence[str]) -> Iterator[str]:
        """The calls of all threads, each in one piece, where another thread's call came between."""
        for line in lines:
            thread, _, call = line.partition(" ")
            if call.endswith(_UNFINISHED):
                self._begun[thread] = call.removesuffix(_UNFINISHED).strip()
            elif resumed := _RESUMED.search(call):
                yield self._begun.pop(thread, "unseen(") + call[resumed.end() :]
            else:
                yield call.strip()

    def _send(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return


def ask_unconfined(graph: Path, question: str, folder: Path) -> str:
    """What the engine answers where nothing holds it, as text: what a query would do without our defences."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom appliance.infrastructure.graph.kuzu_engine import KuzuGraph\n"
        "print(KuzuGraph(Path(sys.argv[1])).rows(sys.argv[2]))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script, str(graph), question],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
    )
    return finished.stdout + finished.stderr

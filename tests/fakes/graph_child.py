"""Runs the child process for user queries without the query filter, and records the child's system calls."""

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

from appliance.infrastructure.graph.user_query import COMMAND

# System calls that open files, start programs or use the network.
WATCHED = (
    "%file,%network,execve,execveat,fork,vfork,clone,clone3,ptrace,process_vm_readv,process_vm_writev,io_uring_setup,bpf,"
    "pidfd_open,memfd_create,open_by_handle_at,userfaultfd,kill,tgkill"
)
# Parts of harmless calls: the C library reads the kernel's overcommit setting, and starts threads.
OF_THE_C_LIBRARY = ("/proc/sys/vm/overcommit_memory", "CLONE_THREAD")
PATIENCE_S = 60.0
_UNFINISHED, _RESUMED = " <unfinished ...>", re.compile(r"<\.\.\. \w+ resumed>")
_CALL = re.compile(r"\w+\(.*\) += (?P<result>-?\w+)")


class GraphChild:
    """A confined child process that answers queries one after another. If `watched`, strace records its system calls."""

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

    def ask(self, query: str, **values: Any) -> dict[str, Any]:
        """Send a query and return the answer; an empty answer if the query ended the process."""
        self._send({"query": query, "values": values, "max_rows": 100, "max_bytes": 100_000})
        if not self._selector.select(PATIENCE_S):
            raise TimeoutError(f"no answer to {query!r}")
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or "{}")
        return answer

    def calls(self) -> list[tuple[str, bool]]:
        """The watched system calls since the last call of this method: strace's line, and whether the call succeeded."""
        if self._log is None:
            return []
        with self._log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._seen)
            lines = log.read().splitlines()
            self._seen = log.tell()
        results = [(call, match["result"]) for call in self._joined(lines) if (match := _CALL.match(call))]
        return [
            (call, not result.startswith("-"))
            for call, result in results
            if not any(mark in call for mark in OF_THE_C_LIBRARY)
        ]

    def _joined(self, lines: Sequence[str]) -> Iterator[str]:
        """The calls of all threads. strace splits a call if another thread makes a call meanwhile; the parts are joined."""
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


def ask_unconfined(graph: Path, query: str, folder: Path) -> str:
    """Run a query in an engine without confinement and return the output: what an attack would achieve."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom appliance.infrastructure.graph.kuzu_engine import KuzuGraph\n"
        "print(KuzuGraph(Path(sys.argv[1])).rows(sys.argv[2]))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script, str(graph), query],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
    )
    return finished.stdout + finished.stderr

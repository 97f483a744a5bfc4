"""A separate process sends a message to an external service."""

import os
import subprocess
import sys
from pathlib import Path

from fakes.outside_service import Receiver


def test_sending_writes_no_file(tmp_path: Path) -> None:
    receiver = Receiver()
    home = tmp_path / "home"
    home.mkdir()
    program = (
        "import sys, json\n"
        "from appliance.infrastructure.messenger import AppriseMessenger\n"
        "AppriseMessenger(frozenset({'ntfy', 'matrix'})).send(sys.argv[1], 'title', 'text')\n"
    )
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(
        [sys.executable, "-c", program, f"ntfy://127.0.0.1:{receiver.server.server_port}/topic"],
        check=True,
        cwd=home,
        env=environment,
        timeout=60,
    )
    receiver.close()

    assert ["topic"] == [message["topic"] for message in receiver.got]
    assert [] == list(home.rglob("*"))

"""What runs first inside the namespaces of `offline`: loopback, a resolver that records names, then the program.

    python offline_inside.py FOLDER PROGRAM ARGUMENTS…

The folder gets `lookups`, a line per question.
"""

import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import TextIO

DNS_PORT = 53
_ADDRESS = socket.inet_aton("192.0.2.1")  # of a range that is for examples only
_A = 1  # the kind of question that asks for an IPv4 address
_POINTER_TO_NAME = b"\xc0\x0c"


def main() -> int:
    folder, program = Path(sys.argv[1]), sys.argv[2:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    _ask_only_us(folder)
    with (folder / "lookups").open("w", encoding="utf-8") as lookups:
        _serve(lookups)
        return subprocess.run(program, check=False).returncode


def _ask_only_us(folder: Path) -> None:
    """The C library asks for hosts in /etc/hosts and at our resolver, whatever this machine is set up for."""
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("nsswitch.conf", "hosts: files dns\n")):
        ours = folder / name
        ours.write_text(text, encoding="utf-8")
        subprocess.run(["mount", "--bind", str(ours), f"/etc/{name}"], check=True)
    # A daemon that remembers names would answer from outside of the namespace.
    if Path("/run/nscd").is_dir():
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run/nscd"], check=True)


def _serve(lookups: TextIO) -> None:
    """Every question is written down; every name has an address, so that what is asked for is then connected to."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", DNS_PORT))
    streams = socket.create_server(("127.0.0.1", DNS_PORT))

    def note(question: bytes) -> bytes:
        name, answer = _answered(question)
        lookups.write(f"{name}\n")
        lookups.flush()
        return answer

    def serve_datagrams() -> None:
        while True:
            question, sender = datagrams.recvfrom(4096)
            datagrams.sendto(note(question), sender)

    def serve_streams() -> None:
        while True:
            connection, _ = streams.accept()
            with connection, connection.makefile("rwb") as stream:
                (length,) = struct.unpack(">H", stream.read(2))
                answer = note(stream.read(length))
                stream.write(struct.pack(">H", len(answer)) + answer)

    for serve in (serve_datagrams, serve_streams):
        threading.Thread(target=serve, daemon=True).start()


def _answered(question: bytes) -> tuple[str, bytes]:
    """The name of a question, and an answer to it: one address for A, none for anything else."""
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    (kind,) = struct.unpack_from(">H", question, at + 1)
    found = kind == _A
    record = _POINTER_TO_NAME + struct.pack(">HHIH", _A, 1, 1, len(_ADDRESS)) + _ADDRESS
    head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, int(found), 0, 0)
    return ".".join(labels), head + question[12 : at + 5] + (record if found else b"")


if __name__ == "__main__":
    sys.exit(main())

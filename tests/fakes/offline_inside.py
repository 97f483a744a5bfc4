"""Runs first inside the namespaces of `fakes.offline`: configures the loopback, starts a DNS server, runs the program.

    python offline_inside.py FOLDER PROGRAM ARGUMENTS…

This program writes the file `lookups` into FOLDER, with one line per DNS query.
"""

import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import TextIO

DNS_PORT = 53
_ADDRESS = socket.inet_aton("192.0.2.1")  # an address from a range that is reserved for examples
_A = 1  # the record type of IPv4 addresses
_POINTER_TO_NAME = b"\xc0\x0c"


def main() -> int:
    folder, program = Path(sys.argv[1]), sys.argv[2:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    _use_our_resolver(folder)
    with (folder / "lookups").open("w", encoding="utf-8") as lookups:
        _serve(lookups)
        return subprocess.run(program, check=False).returncode


def _use_our_resolver(folder: Path) -> None:
    """Make the C library look up names only in /etc/hosts and at the DNS server of this program."""
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("nsswitch.conf", "hosts: files dns\n")):
        replacement = folder / name
        replacement.write_text(text, encoding="utf-8")
        subprocess.run(["mount", "--bind", str(replacement), f"/etc/{name}"], check=True)
    # A name service cache daemon would answer from outside the namespace.
    if Path("/run/nscd").is_dir():
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run/nscd"], check=True)


def _serve(lookups: TextIO) -> None:
    """Record every DNS query. Answer every name with an address, so that the connection to it is recorded too."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", DNS_PORT))
    streams = socket.create_server(("127.0.0.1", DNS_PORT))

    def answer_of(query: bytes) -> bytes:
        name, answer = _answer_to(query)
        lookups.write(f"{name}\n")
        lookups.flush()
        return answer

    def serve_datagrams() -> None:
        while True:
            query, sender = datagrams.recvfrom(4096)
            datagrams.sendto(answer_of(query), sender)

    def serve_streams() -> None:
        while True:
            connection, _ = streams.accept()
            with connection, connection.makefile("rwb") as stream:
                (length,) = struct.unpack(">H", stream.read(2))
                answer = answer_of(stream.read(length))
                stream.write(struct.pack(">H", len(answer)) + answer)

    for serve in (serve_datagrams, serve_streams):
        threading.Thread(target=serve, daemon=True).start()


def _answer_to(query: bytes) -> tuple[str, bytes]:
    """The name in a DNS query, and the answer to it: one address for type A, no address for other types."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    (record_type,) = struct.unpack_from(">H", query, at + 1)
    has_address = record_type == _A
    record = _POINTER_TO_NAME + struct.pack(">HHIH", _A, 1, 1, len(_ADDRESS)) + _ADDRESS
    head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, int(has_address), 0, 0)
    return ".".join(labels), head + query[12 : at + 5] + (record if has_address else b"")


if __name__ == "__main__":
    sys.exit(main())

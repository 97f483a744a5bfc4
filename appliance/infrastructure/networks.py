"""Which addresses belong to one device: what limits on callers are counted by.

Beyond this machine's own links, a device of IPv6 has a whole network of 64 bits to itself, so the network is the caller.
On a link that this machine is part of, all devices share that network, so each address is a caller of its own.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import msgspec
import psutil

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
DEVICE_PREFIX = 64
# A shorter prefix belongs to a tunnel, not to a link: Teredo's is 32 bits, and all its users share it.
SHORTEST_LINK_PREFIX = 48
# Unique local addresses are only routed inside one site, link-local ones not at all.
WITHIN_A_SITE = (ipaddress.IPv6Network("fe80::/10"), ipaddress.IPv6Network("fd00::/8"))
INTERFACES_S = 30.0
PRIVATE, BEYOND = "private IPv4", "beyond"


class InterfaceAddress(Protocol):
    """An address of an interface, as psutil describes it."""

    @property
    def family(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def netmask(self) -> str | None: ...


class Caller(msgspec.Struct, frozen=True):
    """`device` is what one device is counted by; `network` is the network it shares with other devices, or `beyond`."""

    device: str
    network: str


class OwnLinks:
    """The IPv6 networks of this machine's interfaces, read again when they are half a minute old."""

    def __init__(
        self,
        read: Callable[[], Iterable[InterfaceAddress]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._clock = read or _interface_addresses, clock
        self._networks: tuple[ipaddress.IPv6Network, ...] = ()
        self._read_at = -INTERFACES_S
        self._lock = threading.Lock()

    def caller(self, address: str) -> Caller:
        """The caller at the address of a connection."""
        return caller_of(address, self.networks())

    def networks(self) -> tuple[ipaddress.IPv6Network, ...]:
        with self._lock:
            now = self._clock()
            if now - self._read_at >= INTERFACES_S:
                self._networks, self._read_at = tuple(link_networks(self._read())), now
            return self._networks


def caller_of(address: str, links: Sequence[ipaddress.IPv6Network]) -> Caller:
    """The caller at an address, for a machine with these links. A text that is no address is a caller of its own."""
    try:
        parsed = plain_address(address)
    except ValueError:
        return Caller(address, BEYOND)
    if isinstance(parsed, ipaddress.IPv4Address):
        return Caller(str(parsed), PRIVATE if parsed.is_private else BEYOND)
    for network in (*links, *WITHIN_A_SITE):
        if parsed in network:
            return Caller(str(parsed), str(network))
    return Caller(str(ipaddress.ip_network((parsed, DEVICE_PREFIX), strict=False)), BEYOND)


def plain_address(address: str) -> Address:
    """An address without its zone; an IPv4 address that is mapped into IPv6 becomes IPv4. Raises ValueError."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return (parsed.version == 6 and parsed.ipv4_mapped) or parsed


def is_loopback(address: str) -> bool:
    """True where a connection comes from this machine itself."""
    try:
        return plain_address(address).is_loopback
    except ValueError:
        return False


def link_networks(addresses: Iterable[InterfaceAddress]) -> Iterator[ipaddress.IPv6Network]:
    """The IPv6 networks of interfaces. DHCP gives an address without its network (/128): then it is the first 64 bits."""
    for each in addresses:
        if each.family != socket.AF_INET6:
            continue
        own = ipaddress.IPv6Address(each.address.partition("%")[0])
        length = _prefix_length(each.netmask)
        if not SHORTEST_LINK_PREFIX <= length <= DEVICE_PREFIX:
            length = DEVICE_PREFIX
        yield ipaddress.IPv6Network((own, length), strict=False)


def _prefix_length(netmask: str | None) -> int:
    return int(ipaddress.IPv6Address(netmask)).bit_count() if netmask else DEVICE_PREFIX


def _interface_addresses() -> list[InterfaceAddress]:
    return [each for addresses in psutil.net_if_addrs().values() for each in addresses]


OWN_LINKS = OwnLinks()

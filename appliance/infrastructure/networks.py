"""Finds out which addresses belong to one device. Limits count callers by device.

Outside this machine's own links, an IPv6 device can use a whole /64 network, so the whole network counts as one caller. On
a link of this machine, all devices share the network of the link, so each address counts as one caller.
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
# A network with a shorter prefix belongs to a tunnel, not to a link. Teredo has a prefix of 32 bits for all its users.
SHORTEST_LINK_PREFIX = 48
# Unique local addresses are routed only inside one site. Link-local addresses are not routed.
WITHIN_A_SITE = (ipaddress.IPv6Network("fe80::/10"), ipaddress.IPv6Network("fd00::/8"))
INTERFACES_S = 30.0
PRIVATE, BEYOND = "private IPv4", "beyond"


class InterfaceAddress(Protocol):
    """An interface address, as psutil describes it."""

    @property
    def family(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def netmask(self) -> str | None: ...


class Caller(msgspec.Struct, frozen=True):
    """A caller. `device` identifies one device. `network` is the network that it shares with other devices, or `beyond`."""

    device: str
    network: str


class OwnLinks:
    """The IPv6 networks of this machine's interfaces. They are read again after half a minute."""

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
        """Return the caller with this address."""
        return caller_of(address, self.networks())

    def networks(self) -> tuple[ipaddress.IPv6Network, ...]:
        with self._lock:
            now = self._clock()
            if now - self._read_at >= INTERFACES_S:
                self._networks, self._read_at = tuple(link_networks(self._read())), now
            return self._networks


def caller_of(address: str, links: Sequence[ipaddress.IPv6Network]) -> Caller:
    """Return the caller with an address, for a machine with these links. Text that is not an address counts as one caller."""
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
    """Return an address without its zone. An IPv4-mapped IPv6 address becomes an IPv4 address. Raises ValueError."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return (parsed.version == 6 and parsed.ipv4_mapped) or parsed


def is_loopback(address: str) -> bool:
    """Return True if a connection with this address comes from this machine."""
    try:
        return plain_address(address).is_loopback
    except ValueError:
        return False


def link_networks(addresses: Iterable[InterfaceAddress]) -> Iterator[ipaddress.IPv6Network]:
    """Return the IPv6 networks of interfaces. If an address from DHCP has no network (/128), its first 64 bits are used."""
    for interface in addresses:
        if interface.family != socket.AF_INET6:
            continue
        own_address = ipaddress.IPv6Address(interface.address.partition("%")[0])
        length = _prefix_length(interface.netmask)
        if not SHORTEST_LINK_PREFIX <= length <= DEVICE_PREFIX:
            length = DEVICE_PREFIX
        yield ipaddress.IPv6Network((own_address, length), strict=False)


def _prefix_length(netmask: str | None) -> int:
    return int(ipaddress.IPv6Address(netmask)).bit_count() if netmask else DEVICE_PREFIX


def _interface_addresses() -> list[InterfaceAddress]:
    return [address for addresses in psutil.net_if_addrs().values() for address in addresses]


OWN_LINKS = OwnLinks()

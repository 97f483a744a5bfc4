"""The names and private addresses of this machine."""

import contextlib
import ipaddress
import platform
import socket
from collections.abc import Iterable

import psutil

from appliance.infrastructure.networks import Address

PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)


def own_names(more_names: Iterable[str] = ()) -> list[str]:
    """Return the names of this machine: `localhost`, its host name, its multicast DNS name, and `more_names`."""
    host = platform.node().split(".")[0].lower() or "lampstand"
    names = ("localhost", host, f"{host}.local", *(name.strip().lower() for name in more_names if name.strip()))
    return list(dict.fromkeys(filter(None, map(_as_ascii, names))))


def _as_ascii(name: str) -> str:
    """Return a name in the ASCII form that certificates use. Returns an empty text if this is not a valid machine name."""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def own_addresses(listened_on: str = "") -> list[Address]:
    """Return the address that the server listens on. If it is not set, return this machine's private addresses.

    Link-local addresses are left out.
    """
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(listened_on).is_unspecified:
            return [ipaddress.ip_address(listened_on)]
    all_addresses = {
        ipaddress.ip_address(interface.address.partition("%")[0])
        for interfaces in psutil.net_if_addrs().values()
        for interface in interfaces
        if interface.family in (socket.AF_INET, socket.AF_INET6)
    }
    # Public addresses are left out: they change with the provider, and clients on the local network do not need them.
    private = [address for address in all_addresses if _is_private(address) and not address.is_link_local]
    return sorted(private, key=lambda address: (address.version, address.packed))


def _is_private(address: Address) -> bool:
    return any(address in ipaddress.ip_network(network) for network in PRIVATE_NETWORKS)

"""What this machine is called, and the private addresses that it has."""

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


def own_names(further: Iterable[str] = ()) -> list[str]:
    """What this machine is called: its host name, that name as multicast DNS has it, and further ones."""
    host = platform.node().split(".")[0].lower() or "lampstand"
    names = ("localhost", host, f"{host}.local", *(name.strip().lower() for name in further if name.strip()))
    return list(dict.fromkeys(filter(None, map(_as_dns_has_it, names))))


def _as_dns_has_it(name: str) -> str:
    """A name in the letters that certificates hold; empty where it cannot be a name of a machine."""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def own_addresses(listened_on: str = "") -> list[Address]:
    """The one address that is listened on, else the private ones of this machine's interfaces, but link-local ones."""
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(listened_on).is_unspecified:
            return [ipaddress.ip_address(listened_on)]
    found = {
        ipaddress.ip_address(each.address.partition("%")[0])
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family in (socket.AF_INET, socket.AF_INET6)
    }
    # Public addresses change with the provider; clients on the local network do not need them.
    inside = [each for each in found if _is_private(each) and not each.is_link_local]
    return sorted(inside, key=lambda each: (each.version, each.packed))


def _is_private(address: Address) -> bool:
    return any(address in ipaddress.ip_network(each) for each in PRIVATE_NETWORKS)

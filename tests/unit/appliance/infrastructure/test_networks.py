"""Which device an address belongs to."""

import ipaddress
import socket
from typing import NamedTuple

import psutil
import pytest

from appliance.infrastructure.networks import BEYOND, PRIVATE, Caller, OwnLinks, caller_of, is_loopback, link_networks

MASK_64 = "ffff:ffff:ffff:ffff::"
LINKS = (ipaddress.IPv6Network("2001:db8:0:7::/64"),)


class Interface(NamedTuple):
    """An interface address in psutil's form."""

    family: int
    address: str
    netmask: str | None


@pytest.mark.parametrize(
    ("address", "device", "network"),
    [
        ("10.0.0.7", "10.0.0.7", PRIVATE),
        ("127.0.0.1", "127.0.0.1", PRIVATE),
        ("8.8.8.8", "8.8.8.8", BEYOND),
        ("::ffff:10.0.0.7", "10.0.0.7", PRIVATE),
        ("fe80::aaaa:1%eth0", "fe80::aaaa:1", "fe80::/10"),
        ("fe80::aaaa:1", "fe80::aaaa:1", "fe80::/10"),
        ("fd00:1:2:3::10", "fd00:1:2:3::10", "fd00::/8"),
        ("2001:db8:0:7::99", "2001:db8:0:7::99", "2001:db8:0:7::/64"),
        ("2001:db8:0:8::99", "2001:db8:0:8::/64", BEYOND),
        ("2001:db8:0:8:1::1", "2001:db8:0:8::/64", BEYOND),
        ("no address", "no address", BEYOND),
        ("", "", BEYOND),
    ],
)
def test_a_device_is_an_address_on_own_links_and_a_network_elsewhere(address: str, device: str, network: str) -> None:
    assert Caller(device, network) == caller_of(address, LINKS)


@pytest.mark.parametrize(
    ("address", "netmask", "network"),
    [
        ("2001:db8:0:7::1", MASK_64, "2001:db8:0:7::/64"),
        ("2001:db8:0:7::1", "ffff:ffff:ffff::", "2001:db8::/48"),
        ("2001:db8:0:7::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:0:7::/64"),
        ("2001:0:0:7::1", "ffff:ffff::", "2001:0:0:7::/64"),
        ("2001:db8:0:7::1", None, "2001:db8:0:7::/64"),
        ("fe80::1%eth0", MASK_64, "fe80::/64"),
    ],
)
def test_the_link_of_an_interface_is_the_network_of_its_address(
    address: str, netmask: str | None, network: str
) -> None:
    interfaces = [Interface(socket.AF_INET, "10.0.0.1", "255.0.0.0"), Interface(socket.AF_INET6, address, netmask)]

    assert [network] == [str(link_network) for link_network in link_networks(interfaces)]


def test_the_interfaces_are_refreshed_after_half_a_minute() -> None:
    reads: list[float] = []
    now = 1000.0

    def read() -> list[Interface]:
        reads.append(now)
        return [Interface(socket.AF_INET6, f"2001:db8:0:{len(reads)}::1", MASK_64)]

    links = OwnLinks(read, lambda: now)
    devices = [links.caller("2001:db8:0:1::5").device]
    now += 29
    devices.append(links.caller("2001:db8:0:1::5").device)
    now += 2
    devices.append(links.caller("2001:db8:0:1::5").device)

    assert ["2001:db8:0:1::5", "2001:db8:0:1::5", "2001:db8:0:1::/64"] == devices
    assert [1000.0, 1031.0] == reads


def test_this_machines_own_ipv6_addresses_are_on_its_links() -> None:
    own_addresses = [
        interface.address.partition("%")[0]
        for interfaces in psutil.net_if_addrs().values()
        for interface in interfaces
        if interface.family == socket.AF_INET6
    ]

    assert own_addresses == [OwnLinks().caller(address).device for address in own_addresses]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.5", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.7", False),
        ("", False),
        ("testclient", False),
    ],
)
def test_this_machine_is_recognised_by_its_address(address: str, expected: bool) -> None:
    assert expected is is_loopback(address)

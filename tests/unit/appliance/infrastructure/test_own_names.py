"""The names and addresses of this machine."""

import ipaddress

from appliance.infrastructure.own_names import own_addresses, own_names


def test_names_that_a_certificate_cannot_contain_are_left_out() -> None:
    names = own_names(["bücher.lan", "x" * 70, "ok.lan"])

    assert {"xn--bcher-kva.lan", "ok.lan"} <= set(names)
    assert "x" * 70 not in names


def test_a_machine_has_a_name_on_the_local_network() -> None:
    names = own_names(["Church.lan", ""])

    assert "localhost" == names[0]
    assert f"{names[1]}.local" == names[2]
    assert "church.lan" == names[-1]


def test_the_address_that_the_server_listens_on_is_the_only_one() -> None:
    assert [ipaddress.ip_address("192.168.7.1")] == own_addresses("192.168.7.1")
    assert own_addresses("0.0.0.0") == own_addresses()
    assert all(address.is_private for address in own_addresses())

"""The names and addresses of this machine."""

import ipaddress

from appliance.infrastructure.own_names import own_addresses, own_names


def test_names_that_no_certificate_can_hold_are_left_out() -> None:
    names = own_names(["bücher.lan", "x" * 70, "ok.lan"])

    assert {"xn--bcher-kva.lan", "ok.lan"} <= set(names)
    assert "x" * 70 not in names


def test_a_machine_has_its_name_on_the_local_network() -> None:
    names = own_names(["Church.lan", ""])

    assert "localhost" == names[0]
    assert f"{names[1]}.local" == names[2]
    assert "church.lan" == names[-1]


def test_an_address_that_is_listened_on_is_the_only_one() -> None:
    assert [ipaddress.ip_address("192.168.7.1")] == own_addresses("192.168.7.1")
    assert own_addresses("0.0.0.0") == own_addresses()
    assert all(each.is_private for each in own_addresses())

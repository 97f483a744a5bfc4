"""The masked form of outside addresses."""

import pytest

from appliance.community.notifications import store


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("ntfy://my-secret-topic", "ntfy:// …"),
        ("ntfy://ntfy.sh/topic", "ntfy://ntfy.sh …"),
        ("slack://TokenA/TokenB/TokenC", "slack:// …"),
        ("gotifys://user:pass@box.lan/token", "gotifys://box.lan …"),
        ("mailto://me:pw@example.org", "mailto://example.org …"),
    ],
)
def test_secret_parts_of_an_address_are_hidden(address: str, masked: str) -> None:
    assert masked == store.masked_address(address)

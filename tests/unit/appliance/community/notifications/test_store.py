"""How addresses outside are shown."""

import pytest

from appliance.community.notifications import store


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ntfy://my-secret-topic", "ntfy:// …"),
        ("ntfy://ntfy.sh/topic", "ntfy://ntfy.sh …"),
        ("slack://TokenA/TokenB/TokenC", "slack:// …"),
        ("gotifys://user:pass@box.lan/token", "gotifys://box.lan …"),
        ("mailto://me:pw@example.org", "mailto://example.org …"),
    ],
)
def test_what_is_secret_in_an_address_is_not_shown(address: str, shown: str) -> None:
    assert shown == store.shown(address)

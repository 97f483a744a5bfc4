"""The owners of leases."""

import os

from appliance.infrastructure.jobs.leases import owner_is_dead, this_process


def test_this_process_is_alive() -> None:
    assert not owner_is_dead(this_process())
    assert owner_is_dead(this_process().rsplit("/", 1)[0] + "/1.00")
    assert f"/{os.getpid()}/" in this_process()

"""The jobs of a new data folder, with the system's clock or a clock that the test controls."""

import pytest
from fakes.clock import FakeClock

from appliance.infrastructure.jobs.ledger import Jobs
from server.bootstrap import Appliance


@pytest.fixture
def jobs(appliance: Appliance) -> Jobs:
    return appliance.jobs


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def timed(appliance: Appliance, clock: FakeClock) -> Jobs:
    """The jobs, with a clock that the test controls."""
    return Jobs(appliance.appliance_db, overseers="overseers", clock=clock)

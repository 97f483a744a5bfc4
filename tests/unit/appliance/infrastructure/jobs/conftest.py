"""The jobs of a fresh data folder, by the system's clock and by one that the test moves."""

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
    """The jobs by a clock that the test sets."""
    return Jobs(appliance.appliance_db, overseers="overseers", clock=clock)

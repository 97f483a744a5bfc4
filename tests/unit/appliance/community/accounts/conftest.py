"""The database of a site without people, and its first administrator."""

import pytest
from fakes.accounts import create_administrator

from appliance.community.accounts.person import Person
from appliance.infrastructure.database import Database
from server.bootstrap import Appliance


@pytest.fixture
def database(appliance: Appliance) -> Database:
    return appliance.appliance_db


@pytest.fixture
def anna(database: Database) -> Person:
    return create_administrator(database)

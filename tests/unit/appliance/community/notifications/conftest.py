"""A site with outside services for tests, an administrator and a member."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.accounts import create_administrator, create_person
from fakes.new_databases import new_home

from appliance.community.accounts.person import Person
from server.bootstrap import Appliance, open_appliance


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    opened = open_appliance(new_home(tmp_path / "home"), notification_services="json,tgram")
    yield opened
    opened.close()


@pytest.fixture
def anna(appliance: Appliance) -> Person:
    person = create_administrator(appliance.appliance_db)
    appliance.feed.position()
    return person


@pytest.fixture
def ben(appliance: Appliance, anna: Person) -> Person:
    return create_person(appliance.appliance_db)

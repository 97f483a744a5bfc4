"""Removing a person, which several domains have a part in."""

from appliance.community.accounts.operations import people
from appliance.community.accounts.person import Person
from appliance.infrastructure.database import Database
from appliance.infrastructure.events import EventLog
from appliance.study.operations import forget_person


def remove_person(database: Database, person: Person) -> None:
    """Remove somebody, and all that is theirs. Raises LastAdministrator."""
    people.remove(database, person=person)
    forget_person(database, person.id)
    EventLog(database).forget(person.audience)

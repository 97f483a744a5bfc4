"""Deleting a person and their data in several domains."""

from appliance.community.accounts.operations import people
from appliance.community.accounts.person import Person
from appliance.infrastructure.database import UnitOfWork
from appliance.infrastructure.events import forget_events
from appliance.study.operations import forget_person


def remove_person(work: UnitOfWork, person: Person, *, now: float) -> None:
    """Delete a person with their questions, answers and events. Raises LastAdministrator."""
    people.remove(work, person, now=now)
    forget_person(work, person.id)
    forget_events(work, person.audience)

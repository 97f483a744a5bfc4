"""The nouns of notifications."""

from enum import StrEnum

import msgspec

from appliance.errors import NotFound, Refused


class NotificationKind(StrEnum):
    JOB_DONE = "job-done"
    JOB_FAILED = "job-failed"
    ANSWER_READY = "answer-ready"
    ANNOUNCEMENT = "announcement"


MEANING = {
    NotificationKind.JOB_DONE: "work that I began is done",
    NotificationKind.JOB_FAILED: "work failed, and what to do about it",
    NotificationKind.ANSWER_READY: "an answer is ready that I did not wait for",
    NotificationKind.ANNOUNCEMENT: "a leader announces something",
}


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is told. `link` is an address of this house's, or empty."""

    id: int
    person: int
    kind: NotificationKind
    title: str
    text: str
    link: str
    created_at: float
    read_at: float | None


class Preference(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a kind comes into the inbox, and whether it is sent outside too."""

    kind: NotificationKind
    inbox: bool = True
    outside: bool = True


class OutsideAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person gets messages outside. `shown` is the address without what is secret in it."""

    id: int
    person: int
    shown: str
    added_at: float


class OutsideForbidden(Refused):
    """An administrator has not allowed messages outside."""


class AddressRefused(Refused):
    """An address outside is of a kind that is not allowed, or none at all."""


class AddressNotFound(NotFound):
    """This person has no such address."""


class AnnouncementRefused(Refused):
    """An announcement is empty or too long."""

"""The data types of notifications, and their errors."""

from enum import StrEnum

import msgspec

from appliance.errors import NotFound, Refused


class NotificationKind(StrEnum):
    JOB_DONE = "job-done"
    JOB_FAILED = "job-failed"
    ANSWER_READY = "answer-ready"
    ANNOUNCEMENT = "announcement"


MEANING = {
    NotificationKind.JOB_DONE: "A job that I started is done",
    NotificationKind.JOB_FAILED: "A job failed, and what to do about it",
    NotificationKind.ANSWER_READY: "An answer for which I did not wait is ready",
    NotificationKind.ANNOUNCEMENT: "A leader makes an announcement",
}


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A notification for one person. `link` is a path on this site, or empty."""

    id: int
    person: int
    kind: NotificationKind
    title: str
    text: str
    link: str
    created_at: float
    read_at: float | None


class Preference(msgspec.Struct, frozen=True, kw_only=True):
    """A person's settings for one kind of notification: whether it goes into the inbox, and whether it is also sent outside."""

    kind: NotificationKind
    inbox: bool = True
    outside: bool = True


class OutsideAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A person's address at an outside service, which gets notifications. `masked` is the address without its secret parts."""

    id: int
    person: int
    masked: str
    added_at: float


class OutsideForbidden(Refused):
    """Sending to outside services is turned off."""


class AddressRefused(Refused):
    """An outside address is invalid, or its service is not allowed."""


class AddressNotFound(NotFound):
    """This person has no address with this id."""


class AnnouncementRefused(Refused):
    """An announcement is empty or too long."""

"""The events of announcements and inboxes."""

from typing import ClassVar

from appliance.community.notifications.notification import NotificationKind
from appliance.infrastructure.events import DomainEvent


class AnnouncementMade(DomainEvent, frozen=True, kw_only=True):
    """A leader made an announcement. `by` is the id of the leader, `name` their name."""

    event_kind: ClassVar[str] = "announcement"

    by: int
    name: str
    text: str


class NotificationCreated(DomainEvent, frozen=True, kw_only=True):
    """A notification was added to an inbox. `unread` is the number of unread notifications in the inbox."""

    event_kind: ClassVar[str] = "notification.new"

    id: int
    kind: NotificationKind
    title: str
    text: str
    link: str
    unread: int


class NotificationsRead(DomainEvent, frozen=True, kw_only=True):
    """A person read notifications. `unread` is the number of remaining unread notifications."""

    event_kind: ClassVar[str] = "notification.read"

    unread: int


EVENT_TYPES: tuple[type[DomainEvent], ...] = (AnnouncementMade, NotificationCreated, NotificationsRead)

"""All rules that turn events into notifications. Domains do not import each other, so this module joins their rules."""

from collections.abc import Iterator, Mapping

from appliance.community.accounts.permissions import Role
from appliance.community.notifications.notification import NotificationKind
from appliance.community.notifications.rules import RULES, NewNotification, NotificationRules
from appliance.study.events import AnswerReady


def _of_answer(event: AnswerReady, people: Mapping[int, Role]) -> Iterator[NewNotification]:
    """Notify the person who asked the question."""
    if event.asked_by in people:
        yield NewNotification(
            person=event.asked_by,
            kind=NotificationKind.ANSWER_READY,
            title=event.question,
            text="The answer is ready.",
            link=f"/ask/{event.message}",
        )


INBOX_RULES: NotificationRules = {**RULES, AnswerReady: _of_answer}

"""Events of all domains become notifications for the people concerned."""

from appliance.community.accounts.permissions import Role
from appliance.community.notifications.notification import NotificationKind
from appliance.study.events import AnswerReady
from server.inbox_rules import INBOX_RULES

READY = AnswerReady(message="m1", asked_by=2, question="What is love?")


def test_the_person_who_asked_is_notified_when_the_answer_is_ready() -> None:
    (new,) = INBOX_RULES[AnswerReady](READY, {1: Role.ADMINISTRATOR, 2: Role.MEMBER})

    assert (2, NotificationKind.ANSWER_READY) == (new.person, new.kind)
    assert ("What is love?", "The answer is ready.", "/ask/m1") == (new.title, new.text, new.link)


def test_an_answer_for_a_deleted_person_notifies_nobody() -> None:
    assert [] == list(INBOX_RULES[AnswerReady](READY, {1: Role.ADMINISTRATOR}))

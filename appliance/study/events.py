"""The event for an answer that is ready. The steps of an answer are in `answer.py`."""

from typing import ClassVar

from appliance.infrastructure.events import DomainEvent


class AnswerReady(DomainEvent, frozen=True, kw_only=True):
    """An answer is done, and no client streamed it. `message` is the message's id, `asked_by` the id of a person."""

    event_kind: ClassVar[str] = "answer.ready"

    message: str
    asked_by: int
    question: str


EVENT_TYPES: tuple[type[DomainEvent], ...] = (AnswerReady,)

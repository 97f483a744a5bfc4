"""The data types of questions and answers: messages, sources, and the events of an answer."""

from enum import StrEnum
from typing import Any

import msgspec

EXTRACTIVE = "extractive"


class MessageState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


class EventType(StrEnum):
    SOURCES = "sources"
    TOKEN = "token"  # noqa: S105 - a word of the protocol, not a secret
    DONE = "done"
    ERROR = "error"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that an answer can cite by its `number`. It contains the verses from `start` to `end`."""

    number: int
    reference: str
    osis: str
    start: int
    end: int
    text: str
    topics: tuple[str, ...] = ()


class AnswerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an answer. `seq` counts the steps of the message from 1, and is the id of the server-sent event."""

    seq: int
    type: EventType
    payload: dict[str, Any]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A question and its answer so far.

    `asked_by` is the id of a person. `made_by` is the name of the model that wrote the text, `extractive` for quoted
    passages, or null if nothing was written. `made_by` stays if the answer is stopped or fails.
    """

    id: str
    asked_by: int | None
    question: str
    translation: str
    state: MessageState
    text: str
    sources: tuple[Source, ...]
    made_by: str | None
    error: str | None
    created_at: float
    finished_at: float | None

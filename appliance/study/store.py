"""The SQL statements of study, for appliance.db: messages and the events of their answers. Only `study` uses them."""

from collections.abc import Sequence

import msgspec

from appliance.infrastructure.database import Reader, Row, UnitOfWork
from appliance.infrastructure.events import append_event, one_person
from appliance.study.answer import AnswerEvent, EventType, Message, MessageState, Source
from appliance.study.events import AnswerReady

SCHEMA = """
CREATE TABLE messages (
    id TEXT PRIMARY KEY, question TEXT NOT NULL, translation TEXT NOT NULL, state TEXT NOT NULL, owner TEXT,
    made_by TEXT, error TEXT, created_at REAL NOT NULL, finished_at REAL
);
CREATE TABLE message_events (
    message TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE, seq INTEGER NOT NULL, type TEXT NOT NULL,
    payload TEXT NOT NULL, PRIMARY KEY (message, seq)
) WITHOUT ROWID
"""
ADD_ASKER = "ALTER TABLE messages ADD COLUMN asked_by INTEGER"
CREATE_ASKERS = "CREATE INDEX messages_asked_by ON messages (asked_by)"
DELETE_OF_PERSON = "DELETE FROM messages WHERE asked_by = ?"
INSERT_MESSAGE = (
    "INSERT INTO messages (id, asked_by, question, translation, state, owner, created_at) "
    "VALUES (:message, :asked_by, :question, :translation, 'running', :owner, :now)"
)
SELECT_MESSAGE = "SELECT id, asked_by, question, translation, state, made_by, error, created_at, finished_at FROM messages WHERE id = ?"
SELECT_ASKER = "SELECT asked_by, question FROM messages WHERE id = ?"
SELECT_OWNER = "SELECT state, owner FROM messages WHERE id = ?"
SELECT_RUNNING = "SELECT id, owner FROM messages WHERE state = 'running'"
SET_AUTHOR = (
    "UPDATE messages SET made_by = :made_by WHERE id = :message AND state = 'running' AND made_by IS NOT :made_by"
)
FINISH_MESSAGE = (
    "UPDATE messages SET state = :state, error = :error, finished_at = :now, owner = NULL "
    "WHERE id = :message AND state = 'running'"
)
INSERT_EVENT = (
    "INSERT OR IGNORE INTO message_events (message, seq, type, payload) VALUES (:message, :seq, :type, :payload)"
)
SELECT_EVENTS = "SELECT seq, type, payload FROM message_events WHERE message = :message AND seq > :after ORDER BY seq"
LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM message_events WHERE message = ?"


def m002_messages(work: UnitOfWork) -> None:
    work.execute_script(SCHEMA)


def m006_askers(work: UnitOfWork) -> None:
    work.execute(ADD_ASKER)
    work.execute(CREATE_ASKERS)


def insert_message(
    work: UnitOfWork,
    message_id: str,
    *,
    asked_by: int | None,
    question: str,
    translation: str,
    owner: str,
    now: float,
) -> None:
    row = {"message": message_id, "asked_by": asked_by, "question": question, "translation": translation}
    work.execute(INSERT_MESSAGE, row | {"owner": owner, "now": now})


def insert_events(work: UnitOfWork, message_id: str, events: Sequence[AnswerEvent]) -> None:
    rows = [
        {
            "message": message_id,
            "seq": event.seq,
            "type": event.type.value,
            "payload": msgspec.json.encode(event.payload).decode(),
        }
        for event in events
    ]
    work.execute_many(INSERT_EVENT, rows)


def set_author(work: UnitOfWork, message_id: str, made_by: str) -> None:
    """Store who wrote the answer of a running message."""
    work.execute(SET_AUTHOR, {"message": message_id, "made_by": made_by})


def finish_message(
    work: UnitOfWork, message_id: str, state: MessageState, *, now: float, error: str | None = None
) -> None:
    """Store the final state of a running message. The author stays."""
    row = {"message": message_id, "state": state.value, "error": error, "now": now}
    work.execute(FINISH_MESSAGE, row)


def append_answer_ready(work: UnitOfWork, message_id: str, *, now: float) -> None:
    """Log the event that notifies a person of an answer. The person asked the question and did not wait for the answer."""
    asked_by, question = work.execute(SELECT_ASKER, (message_id,))[0]
    if asked_by is not None:
        event = AnswerReady(message=message_id, asked_by=asked_by, question=question)
        append_event(work, event, one_person(asked_by), now=now)


def select_events(reader: Reader, message_id: str, after: int) -> list[AnswerEvent]:
    return [_event(row) for row in reader.rows(SELECT_EVENTS, {"message": message_id, "after": after})]


def _event(row: Row) -> AnswerEvent:
    return AnswerEvent(seq=row[0], type=EventType(row[1]), payload=msgspec.json.decode(row[2]))


def select_message(reader: Reader, message_id: str) -> Message | None:
    row = reader.row(SELECT_MESSAGE, (message_id,))
    if row is None:
        return None
    events = select_events(reader, message_id, 0)
    sources: object = next((event.payload["sources"] for event in events if event.type is EventType.SOURCES), [])
    return Message(
        id=row[0],
        asked_by=row[1],
        question=row[2],
        translation=row[3],
        state=MessageState(row[4]),
        made_by=row[5],
        error=row[6],
        created_at=row[7],
        finished_at=row[8],
        sources=tuple(msgspec.convert(sources, list[Source])),
        text="".join(event.payload["text"] for event in events if event.type is EventType.TOKEN),
    )

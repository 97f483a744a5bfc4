"""What a page says of an answer: what is being done, who wrote it, or what went wrong."""

from appliance.study.answer import EXTRACTIVE, Message, MessageState

_LOOKING, _WRITING = "Looking for passages …", "Writing …"


def sentence_of(message: Message) -> str:
    """What there is to say of an answer as it is stored."""
    if message.error:
        return message.error
    if message.state is MessageState.RUNNING:
        return _WRITING if message.sources else _LOOKING
    return closing_sentence(made_by=message.made_by, stopped=message.state is MessageState.STOPPED)


def writing_sentence(sources: int) -> str:
    """What there is to say when this number of sources was found."""
    return _WRITING if sources else ""


def closing_sentence(
    *, made_by: str | None, stopped: bool = False, took_ms: float | None = None, notice: str | None = None
) -> str:
    """What there is to say of an answer that ended without an error.

    `made_by` is as in Message; `notice` is a sentence that is added.
    """
    duration = f" in {took_ms / 1_000:.1f} s" if took_ms is not None else ""
    sentences = ["Stopped."] if stopped else []
    if made_by == EXTRACTIVE:
        sentences.append(f"Quoted on this machine, without a chat model{',' if duration else ''}{duration}.")
    elif made_by:
        sentences.append(f"Written on this machine by {made_by}{duration}.")
    if notice:
        sentences.append(notice)
    return " ".join(sentences)

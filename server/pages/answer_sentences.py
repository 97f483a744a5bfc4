"""The sentence that a page shows about its answer: the progress, the author, or the error."""

from appliance.study.answer import EXTRACTIVE, Message, MessageState

_LOOKING, _WRITING = "Looking for passages …", "Writing …"


def sentence_of(message: Message) -> str:
    """The sentence for a stored answer."""
    if message.error:
        return message.error
    if message.state is MessageState.RUNNING:
        return _WRITING if message.sources else _LOOKING
    return closing_sentence(made_by=message.made_by, stopped=message.state is MessageState.STOPPED)


def writing_sentence(sources: int) -> str:
    """The sentence to show while an answer with this number of sources is written."""
    return _WRITING if sources else ""


def closing_sentence(
    *, made_by: str | None, stopped: bool = False, took_ms: float | None = None, notice: str | None = None
) -> str:
    """The sentence for an answer that ended without an error.

    `made_by` has the same meaning as in Message. `notice` is a sentence to add.
    """
    sentences = ["Stopped."] if stopped else []
    if made_by == EXTRACTIVE:
        sentences.append("Quoted passages only, without a chat model.")
    elif made_by:
        sentences.append(f"Written by {made_by} on this server.")
    if made_by and took_ms is not None:
        sentences.append(f"{took_ms / 1_000:.1f} s.")
    if notice:
        sentences.append(notice)
    return " ".join(sentences)

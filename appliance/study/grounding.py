"""The prompt that makes a chat model answer only from its sources."""

from collections.abc import Sequence

from appliance.study.answer import Source
from appliance.study.ports import ChatTurn

MAX_SOURCE_CHARACTERS = 900
MAX_TOKENS = 400

_SYSTEM = (
    "You help people study the Bible. Answer the question from the numbered sources only. After each statement give the "
    "number of its source in square brackets, such as [1]. Quote scripture only word for word from the sources. If the "
    "sources do not answer the question, say so. Be brief and kind."
)


def grounded_turns(question: str, sources: Sequence[Source]) -> list[ChatTurn]:
    """Return the chat messages that ask a model for an answer from the sources."""
    listed = "\n".join(
        f"[{source.number}] {source.reference}: {source.text[:MAX_SOURCE_CHARACTERS]}" for source in sources
    )
    return [ChatTurn("system", _SYSTEM), ChatTurn("user", f"Sources:\n{listed}\n\nQuestion: {question}")]

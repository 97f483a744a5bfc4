"""Convert the bytes of tokens to text, up to a stop sequence."""

import codecs
from collections.abc import Sequence


class TextAssembler:
    """Decodes UTF-8, and ends before the first stop sequence. A token may end in the middle of a character.

    Text that may be the beginning of a stop sequence is held back until the next text shows whether it is.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [sequence for sequence in stop if sequence]
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""
        self.stopped = False

    def feed(self, data: bytes) -> str:
        """Return the text that is certainly not part of a stop sequence.

        After a stop sequence `stopped` is true, and all later text is empty.
        """
        return self._take(self._decoder.decode(data))

    def finish(self) -> str:
        """Return the text that was still held back when the model stopped generating."""
        rest = self._take(self._decoder.decode(b"", final=True))
        held, self._held = self._held, ""
        return rest + ("" if self.stopped else held)

    def _take(self, text: str) -> str:
        if self.stopped:
            return ""
        text = self._held + text
        ends = [at for at in (text.find(sequence) for sequence in self._stop) if at >= 0]
        if ends:
            self.stopped, self._held = True, ""
            return text[: min(ends)]
        certain = len(text) - max((partial_suffix(text, sequence) for sequence in self._stop), default=0)
        self._held = text[certain:]
        return text[:certain]


def partial_suffix(text: str, sequence: str) -> int:
    """Return how many characters at the end of `text` are the beginning of `sequence`."""
    for length in range(min(len(text), len(sequence) - 1), 0, -1):
        if text.endswith(sequence[:length]):
            return length
    return 0

"""The text of a verse as it grows out of its pieces, with the spaces that markup implies or that a converter lost."""

import re

_SPACE = re.compile(r"\s+")
# Spanish pronouns are written onto their verb, which then bears an accent.
_ENCLITICS = {"me", "te", "se", "nos", "os", "lo", "la", "le", "los", "las", "les"}
_ACCENTED_VERB = re.compile(r"(?:\w*[áéíóú]\w*|[aei]r)$")
_OPENING = "“‘([{¿¡"
_CLOSING = ".,;:?!"
_AFTER_NOTE_NO_SPACE = "—–-("


class RunningText:
    """The words so far, and what stood after the last of them: it decides whether a space goes before the next."""

    def __init__(self) -> None:
        self.words = ""
        self._space = False
        self._after_note = False
        self._added_edge = False
        self._soft_edge = False

    @property
    def next_at(self) -> int:
        """The offset of the next word, where a space goes before it."""
        return len(self.words) + 1 if self.words else 0

    def part(self) -> None:
        """The next word is not a part of the last one."""
        self._space = bool(self.words)

    def note(self) -> None:
        """There is a note here."""
        self._after_note = not self._space
        self._soft_edge = True

    def end_quote(self) -> None:
        """A quotation ends here."""
        self._soft_edge = True

    def edge(self, *, is_added: bool) -> None:
        """An element begins or ends here: one of a translator's added words, or another."""
        self._added_edge = is_added

    def add(self, data: str, *, is_added: bool) -> None:
        """Add a piece of text; `is_added` where it is a translator's."""
        piece = _SPACE.sub(" ", data)
        if piece.startswith(" "):
            self._space = bool(self.words)
            piece = piece[1:]
        if not piece:
            return
        if self._soft_edge and piece[0] in _CLOSING:
            # "five coins<note/> ?": the space belonged to what stood between.
            self._space = False
        if self.words and (self._space or self._note_joined(piece[0]) or self._added_joined(piece, is_added=is_added)):
            self.words += " "
        self._after_note = self._added_edge = self._soft_edge = False
        self._space = piece.endswith(" ")
        self.words += piece[:-1] if self._space else piece

    def _note_joined(self, following: str) -> bool:
        """True where only a note stood between two words, or a word and its neighbour's opening mark."""
        return (
            self._after_note
            and (following.isalnum() or following in _OPENING)
            and self.words[-1] not in _OPENING + _AFTER_NOTE_NO_SPACE
        )

    def _added_joined(self, following: str, *, is_added: bool) -> bool:
        """True where a translator's added words touch a neighbour whose space the converter lost.

        A Spanish pronoun belongs to its verb (`oyéndo` + `lo`).
        """
        if not (self._added_edge and following[0].isalnum() and self.words[-1].isalnum()):
            return False
        enclitic = following in _ENCLITICS and is_added
        return not (enclitic and _ACCENTED_VERB.search(self.words))

"""Joins the pieces of a verse's text. Adds the spaces that the markup implies or that a converter lost."""

import re

_SPACE = re.compile(r"\s+")
# Spanish pronouns that can be attached to a verb. The verb then has an accent.
_ENCLITICS = {"me", "te", "se", "nos", "os", "lo", "la", "le", "los", "las", "les"}
_ACCENTED_VERB = re.compile(r"(?:\w*[áéíóú]\w*|[aei]r)$")
_OPENING = "“‘([{¿¡"
_CLOSING = ".,;:?!"
_AFTER_NOTE_NO_SPACE = "—–-("


class RunningText:
    """The words so far, and the markup after the last word. The markup decides if a space comes before the next word."""

    def __init__(self) -> None:
        self.words = ""
        self._space = False
        self._after_note = False
        self._added_edge = False
        self._soft_edge = False

    @property
    def next_at(self) -> int:
        """The offset of the next word, if a space comes before it."""
        return len(self.words) + 1 if self.words else 0

    def separate(self) -> None:
        """Separate the next word from the last word."""
        self._space = bool(self.words)

    def mark_note(self) -> None:
        """Record that there is a note at this position."""
        self._after_note = not self._space
        self._soft_edge = True

    def mark_quote_end(self) -> None:
        """Record that a quotation ends at this position."""
        self._soft_edge = True

    def mark_edge(self, *, is_added: bool) -> None:
        """Record that an element begins or ends here. `is_added` is true if the translator added its words."""
        self._added_edge = is_added

    def add(self, data: str, *, is_added: bool) -> None:
        """Add a piece of text. `is_added` is true if the translator added this text."""
        piece = _SPACE.sub(" ", data)
        if piece.startswith(" "):
            self._space = bool(self.words)
            piece = piece[1:]
        if not piece:
            return
        if self._soft_edge and piece[0] in _CLOSING:
            # In "five coins<note/> ?", the space belonged to the note, so it is dropped.
            self._space = False
        if self.words and (
            self._space or self._only_note_between(piece[0]) or self._added_words_touch(piece, is_added=is_added)
        ):
            self.words += " "
        self._after_note = self._added_edge = self._soft_edge = False
        self._space = piece.endswith(" ")
        self.words += piece[:-1] if self._space else piece

    def _only_note_between(self, following: str) -> bool:
        """Return True if only a note is between the last word and the next word or its opening mark."""
        return (
            self._after_note
            and (following.isalnum() or following in _OPENING)
            and self.words[-1] not in _OPENING + _AFTER_NOTE_NO_SPACE
        )

    def _added_words_touch(self, following: str, *, is_added: bool) -> bool:
        """Return True if added words touch the neighbouring word because the converter lost the space.

        A Spanish pronoun stays attached to its verb (`oyéndo` + `lo`).
        """
        if not (self._added_edge and following[0].isalnum() and self.words[-1].isalnum()):
            return False
        enclitic = following in _ENCLITICS and is_added
        return not (enclitic and _ACCENTED_VERB.search(self.words))

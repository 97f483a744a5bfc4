"""Find the special tokens that the template wrote into a prompt. A request's text can contain none, even if it spells one."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from models.generation.traced import is_trusted, plain, trusted_spans

# SentencePiece vocabularies write a space as "▁", the last of these characters.
_SPACES = " \t\r\n▁"


class SpecialTexts(msgspec.Struct, frozen=True, kw_only=True):
    """The special texts of a vocabulary.

    A tokenizer parses `control` tokens only on request. `markers` are user-defined tokens, which a tokenizer parses in
    any text. Tokens of white space are not in `markers`, because ordinary text contains white space. White space is
    removed before the control tokens in `strips_before`, and after the control tokens in `strips_after`.
    """

    control: Mapping[str, int]
    markers: frozenset[str] = frozenset()
    strips_before: frozenset[int] = frozenset()
    strips_after: frozenset[int] = frozenset()


def is_marker(text: str) -> bool:
    """Return whether a user-defined token has more than one character and is not blank.

    A tokenizer must not parse such a token in a request's text.
    """
    return len(text) > 1 and bool(text.strip(_SPACES))


class PromptSplitter:
    """Splits prompts into control tokens and plain text, for one vocabulary."""

    def __init__(self, special: SpecialTexts) -> None:
        self._special = special
        self._control = _Texts(special.control)
        self._markers = _Texts(special.markers)

    def split(self, prompt: str) -> Iterator[int | str]:
        """Yield the ids of the control tokens from the template, and the texts between them.

        The caller must tokenise each text separately, without parsing control tokens. A request's text may spell or
        complete a marker. Then the text is cut within the marker, so that the tokenizer does not find it.
        """
        text = plain(prompt)
        at = 0
        token: int | None = None
        for start, end in self._control_tokens(prompt, text):
            next_token = self._special.control[text[start:end]]
            yield from self._texts(prompt, text, at, start, after=token, before=next_token)
            yield next_token
            token, at = next_token, end
        yield from self._texts(prompt, text, at, len(text), after=token, before=None)

    def _control_tokens(self, prompt: str, text: str) -> Iterator[tuple[int, int]]:
        for start, end in trusted_spans(prompt):
            at = start
            while span := self._control.find(text, at, end):
                yield span
                at = span[1]

    def _texts(
        self, prompt: str, text: str, start: int, end: int, *, after: int | None, before: int | None
    ) -> Iterator[str]:
        """Yield the texts of a part of the prompt that has no control tokens. Texts are cut within forged markers."""
        if after in self._special.strips_after:
            start = end - len(text[start:end].lstrip())
        if before in self._special.strips_before:
            end = start + len(text[start:end].rstrip())
        at = start
        while span := self._markers.find(text, at, end):
            at = span[0] + 1
            if not is_trusted(prompt, *span):
                yield text[start:at]
                start = at
        if start < end:
            yield text[start:end]


class _Texts:
    """Finds the first place where any of many texts occurs. If several occur there, it chooses the longest."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = frozenset(text for text in texts if text)
        self._lengths = sorted({len(text) for text in self._texts}, reverse=True)
        first = "".join(map(re.escape, sorted({text[0] for text in self._texts})))
        self._first = re.compile(f"[{first}]" if first else "(?!)")

    def find(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        for match in self._first.finditer(text, start, end):
            at = match.start()
            for length in self._lengths:
                if at + length <= end and text[at : at + length] in self._texts:
                    return at, at + length
        return None


class SpecialToken(NamedTuple):
    """A token that may be special, with its text and attributes from the model's file."""

    id: int
    text: str
    is_control: bool
    is_user_defined: bool
    strips_before: bool
    strips_after: bool


def read_special_texts(tokens: Iterable[SpecialToken]) -> SpecialTexts:
    """Return the special texts of a vocabulary's tokens."""
    all_tokens = list(tokens)
    control = [token for token in all_tokens if token.is_control and token.text]
    return SpecialTexts(
        control={token.text: token.id for token in control},
        markers=frozenset(token.text for token in all_tokens if token.is_user_defined and is_marker(token.text)),
        strips_before=frozenset(token.id for token in control if token.strips_before),
        strips_after=frozenset(token.id for token in control if token.strips_after),
    )

"""Numbers in words, as in transcripts of speech: `three`, `twenty-eight`, `treinta y dos`."""

import re

_UNITS = "one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SPANISH_UNITS = "uno dos tres cuatro cinco seis siete ocho nueve".split()
_SPANISH_TEENS = "diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve".split()
_SPANISH_TWENTIES = "veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve".split()
_SPANISH_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_VALUES = {
    **{word: value for value, word in enumerate([*_UNITS, *_TEENS], start=1)},
    **{word: 20 + 10 * place for place, word in enumerate(_TENS)},
    **{word: value for value, word in enumerate([*_SPANISH_UNITS, *_SPANISH_TEENS, *_SPANISH_TWENTIES], start=1)},
    **{word: 30 + 10 * place for place, word in enumerate(_SPANISH_TENS)},
    "ciento": 100,
    "cien": 100,
}


def _any(words: list[str]) -> str:
    # The longest words come first, because "sixteen" must not match as "six".
    return "|".join(sorted(words, key=len, reverse=True))


_ENGLISH = (
    rf"(?:(?:one|a)[\s-]+hundred(?:[\s-]+(?:and[\s-]+)?(?=[a-z]))?)?"
    rf"(?:(?:{_any(_TENS)})(?:[\s-]+(?:{_any(_UNITS)}))?|{_any(_TEENS)}|{_any(_UNITS)})?"
)
_SPANISH = (
    rf"(?:cien(?:to)?(?:\s+(?=[a-z]))?)?"
    rf"(?:(?:{_any(_SPANISH_TENS)})(?:\s+y\s+(?:{_any(_SPANISH_UNITS)}))?"
    rf"|{_any([*_SPANISH_TEENS, *_SPANISH_TWENTIES])}|{_any(_SPANISH_UNITS)})?"
)
# This pattern is used in larger patterns. It matches at least one letter, and only whole words.
SPELLED = rf"(?=[a-z])(?:{_ENGLISH}|{_SPANISH})(?<=[a-z])(?![a-z])"


def spelled_value(words: str) -> int:
    """Return the number that a match of SPELLED means."""
    before, hundred, after = words.partition("hundred")
    total = 100 if hundred else 0
    return total + sum(_VALUES.get(word, 0) for word in re.split(r"[\s-]+", after if hundred else before))

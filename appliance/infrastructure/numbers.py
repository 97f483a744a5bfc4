"""Numbers in what people and files send."""


def whole_number(text: str, *, most: int) -> int | None:
    """The number from 0 to `most` that decimal digits of any script write, or None for anything else.

    However many digits there are, they are never all converted: Python refuses 4,300 of them.
    """
    digits = text.lstrip("0")
    if not text.isdecimal() or len(digits) > len(str(most)):
        return None
    number = int(digits or "0")
    return number if number <= most else None

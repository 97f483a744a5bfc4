"""Numbers in text from users and files."""


def whole_number(text: str, *, max_value: int) -> int | None:
    """Parse a number from 0 to `max_value`, in decimal digits of any script. Returns None for any other text.

    A text with too many digits is not converted, because Python raises an error for more than 4,300 digits.
    """
    digits = text.lstrip("0")
    if not text.isdecimal() or len(digits) > len(str(max_value)):
        return None
    number = int(digits or "0")
    return number if number <= max_value else None

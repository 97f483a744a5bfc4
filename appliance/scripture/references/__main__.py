"""The child process that finds the references in one long text: `python -m appliance.scripture.references`."""

import sys

import msgspec

from appliance.scripture.paging import page_of
from appliance.scripture.references.finding import find_references
from appliance.scripture.references.long_text import FoundPage, LongText


def main() -> None:
    long_text = msgspec.json.decode(sys.stdin.buffer.read(), type=LongText)
    references = find_references(long_text.text, long_text.languages)
    page = page_of(references[long_text.after :], long_text.after, long_text.limit)
    sys.stdout.buffer.write(msgspec.json.encode(FoundPage(page.items, page.next_after)) + b"\n")


if __name__ == "__main__":
    main()

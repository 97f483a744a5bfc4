"""`python -m models.formats PATH [FAMILY]`: what a model's files say, as JSON, with a bound on memory.

The files come from strangers, and their vocabularies take hundreds of MB to read: both end with this process.
"""

import resource
import sys
from pathlib import Path

import msgspec

from models.errors import ModelFileRefused
from models.formats.detect import read_facts

MEMORY_LIMIT = 3 * 2**30

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))
    try:
        inspected: dict[str, object] = {"facts": read_facts(Path(sys.argv[1]), *sys.argv[2:])}
    except ModelFileRefused as error:
        inspected = {"refused": error.message}
    except MemoryError:
        inspected = {"refused": f"{Path(sys.argv[1]).name} wants more memory to be read than any model's header does."}
    sys.stdout.buffer.write(msgspec.json.encode(inspected))

"""`python -m models.formats PATH [FAMILY]`: print the facts of a model's files as JSON. The process has a memory limit.

The files may be malicious, and reading their vocabularies takes hundreds of MB of memory. So the files are read in a
separate process, which frees the memory when it exits.
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
        inspected = {"refused": f"{Path(sys.argv[1]).name} is damaged: reading its header takes too much memory."}
    sys.stdout.buffer.write(msgspec.json.encode(inspected))

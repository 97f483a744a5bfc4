"""`python -m models.probe [--libraries]`: print the GPUs as JSON; with `--libraries` also what the libraries can use."""

import sys

import msgspec

from models.probe.gpus import read_gpus
from models.probe.libraries import read_libraries
from models.probe.probe import Findings

if __name__ == "__main__":
    libraries = read_libraries() if "--libraries" in sys.argv[1:] else []
    sys.stdout.buffer.write(msgspec.json.encode(Findings(gpu=read_gpus(), libraries=libraries)))

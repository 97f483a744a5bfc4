"""Where everything lies in the data folder."""

import hashlib
import os
import tempfile
from pathlib import Path

from appliance.errors import Refused

# The kernel's limit for a Unix socket's path is 108 bytes with the closing zero.
SOCKET_PATH_LIMIT = 100


class DataFolderUnusable(Refused):
    """The data folder cannot be created or written."""


class DataFolder:
    """Paths in one data folder; makes the folders, never the files."""

    def __init__(self, home: Path) -> None:
        self.home = home.expanduser().absolute()
        self.library_db = self.home / "library.db"
        self.appliance_db = self.home / "appliance.db"
        self.models = self.home / "models"
        self.texts = self.home / "texts"
        self.logs = self.home / "logs"
        self.run = self.home / "run"
        self.workshop = self.home / "work"
        self.tls = self.home / "tls"
        self.backups = self.home / "backups"

    def create(self) -> "DataFolder":
        """Make the folders. Raises DataFolderUnusable."""
        try:
            if not self.home.exists():
                # Hashes of passwords and what people ask lie here.
                self.home.mkdir(mode=0o700, parents=True)
            for folder in (self.home, self.models, self.logs, self.run):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataFolderUnusable(
                f"The data folder {self.home} cannot be written: {error.strerror}.",
                remedy="Choose another with --home, or change who owns it.",
            ) from error
        return self

    @property
    def graph(self) -> Path:
        return self.home / "graph" / "library.kuzu"

    @property
    def topic_memory(self) -> Path:
        """Topics with the votes of a file that was imported, beside those that are shipped."""
        return self.home / "topics.npz"

    @property
    def web_address(self) -> Path:
        """Holds the address of the web server that runs, for commands to find it."""
        return self.run / "web.address"

    def queue_db(self, queue: str) -> Path:
        return self.home / f"queue-{queue}.db"

    @property
    def models_socket(self) -> Path:
        """The model runtime's socket; in the temporary folder where the data folder's path is too long for one."""
        path = self.run / "models.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"lampstand-{os.getuid()}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / "models.sock"

    @property
    def supervisor_socket(self) -> Path:
        return self.models_socket.with_name("supervisor.sock")

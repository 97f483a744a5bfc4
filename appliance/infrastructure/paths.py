"""Where everything is stored in the data folder, and who can read it: this user alone."""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import Refused

# The kernel's limit for a Unix socket's path is 108 bytes with the closing zero.
SOCKET_PATH_LIMIT = 100
# New files and folders are readable by their owner only.
PRIVATE_UMASK = 0o077
FOR_OTHERS = 0o077


class DataFolderUnusable(Refused):
    """The data folder cannot be created or written."""


class DataFolder:
    """Paths in one data folder; makes the folders, never the files. `home` is its real path, without links."""

    def __init__(self, home: Path) -> None:
        # Not Path.resolve: with links that lead in a circle, that raises an error of its own.
        self.home = Path(os.path.realpath(home.expanduser()))
        self.library_db = self.home / "library.db"
        self.appliance_db = self.home / "appliance.db"
        self.models = self.home / "models"
        self.texts = self.home / "texts"
        self.logs = self.home / "logs"
        self.run = self.home / "run"
        self.workshop = self.home / "work"
        self.tls = self.home / "tls"
        self.backups = self.home / "backups"
        self.files = self.home / "files"

    @property
    def is_writable(self) -> bool:
        """False where this user may only read the folder, or its file system is read-only."""
        return os.access(self.home, os.W_OK | os.X_OK)

    def create(self) -> "DataFolder":
        """Make the folders, for this user alone; one that can only be read stays as it is. Raises DataFolderUnusable."""
        try:
            if self.appliance_db.exists() and not self.is_writable:
                return self
            for folder in (self.home, self.models, self.logs, self.run):
                if not folder.is_dir():
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    self.give_to_owner(folder)
            if self.appliance_db.exists() and _is_open_to_others(self.home):
                # Hashes of passwords and what people ask are stored here.
                self.home.chmod(0o700)
        except OSError as error:
            raise DataFolderUnusable(
                f"The data folder {self.home} cannot be written: {error.strerror}.",
                remedy="Choose another with --home, or change who owns it.",
            ) from error
        return self

    def open_to_others(self) -> list[Path]:
        """The folders and files with people's data that other users of the machine could read or write.

        Only those of this user count. Libraries, models and texts hold nothing about people.
        """
        return [path for path in self._private() if _is_open_to_others(path)]

    def make_private(self) -> list[Path]:
        """Take the rights of other users away; the paths that were changed."""
        changed = self.open_to_others()
        for path in changed:
            with contextlib.suppress(FileNotFoundError):
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~FOR_OTHERS)
        return changed

    def give_to_owner(self, target: int | Path) -> None:
        """Give a new file or folder that root made (`sudo lampstand …`) to the user who owns the data folder."""
        if os.geteuid() == 0:
            owner = self.home.stat()
            if isinstance(target, int):
                os.fchown(target, owner.st_uid, owner.st_gid)
            else:
                # A link is changed itself, never what it leads to.
                os.lchown(target, owner.st_uid, owner.st_gid)

    def _private(self) -> Iterator[Path]:
        yield self.home
        # A part of the folder can be a link to another disk: what counts is the file or folder there.
        for file in (*self.home.glob("*.db*"), self.home / "settings.toml"):
            yield Path(os.path.realpath(file))
        for folder in (self.logs, self.run, self.tls, self.backups, self.files, self.workshop):
            yield Path(os.path.realpath(folder))
            # Unlike rglob, it passes over a folder that vanishes in the meantime.
            for parent, folders, files in os.walk(os.path.realpath(folder)):
                yield from (Path(parent, name) for name in (*folders, *files))

    @property
    def graph(self) -> Path:
        return self.home / "graph" / "library.kuzu"

    @property
    def search_index(self) -> Path:
        """What a search reads, compiled from the library."""
        return self.home / "search" / "index.arrays"

    @property
    def suggestions(self) -> Path:
        """What can be suggested to somebody who types, compiled from the library."""
        return self.home / "search" / "suggestions.arrays"

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
    def supervisor_configuration(self) -> Path:
        return self.run / "supervisor.conf"

    @property
    def supervisor_pid(self) -> Path:
        """Holds the process number of the supervisor that `up` became."""
        return self.run / "supervisor.pid"


def _is_open_to_others(path: Path) -> bool:
    """False for what is missing, a link, somebody else's, or a folder that all share, as /tmp is."""
    try:
        status = path.lstat()
    except OSError:
        return False
    shared = bool(status.st_mode & stat.S_ISVTX)
    return (
        not stat.S_ISLNK(status.st_mode)
        and status.st_uid == os.getuid()
        and not shared
        and bool(status.st_mode & FOR_OTHERS)
    )

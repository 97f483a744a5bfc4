"""The paths in the data folder, and the folder's permissions: only the user who runs Lampstand can read it."""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import Refused

# In the kernel, the path of a Unix socket can have at most 108 bytes, including the zero at its end.
SOCKET_PATH_LIMIT = 100
# New files and folders are readable only by their owner.
PRIVATE_UMASK = 0o077
FOR_OTHERS = 0o077


class DataFolderUnusable(Refused):
    """The data folder cannot be created or written."""


class DataFolder:
    """The paths in one data folder. This class creates folders, but no files. `home` is the real path, without links."""

    def __init__(self, home: Path) -> None:
        # Path.resolve is not used, because it raises another error for circular links.
        self.home = Path(os.path.realpath(home.expanduser()))
        self.library_db = self.home / "library.db"
        self.appliance_db = self.home / "appliance.db"
        self.models = self.home / "models"
        self.texts = self.home / "texts"
        self.logs = self.home / "logs"
        self.run = self.home / "run"
        self.working_folder = self.home / "work"
        self.tls = self.home / "tls"
        self.backups = self.home / "backups"
        self.files = self.home / "files"

    @property
    def is_writable(self) -> bool:
        """False if this user has no permission to write the folder, or if its file system is read-only."""
        return os.access(self.home, os.W_OK | os.X_OK)

    def create(self) -> "DataFolder":
        """Create the folders for this user only. Does not change a read-only data folder. Raises DataFolderUnusable."""
        try:
            if self.appliance_db.exists() and not self.is_writable:
                return self
            for folder in (self.home, self.models, self.logs, self.run):
                if not folder.is_dir():
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    self.give_to_owner(folder)
            if self.appliance_db.exists() and _is_open_to_others(self.home):
                # The folder contains password hashes and people's questions.
                self.home.chmod(0o700)
        except OSError as error:
            raise DataFolderUnusable(
                f"The data folder {self.home} cannot be written: {error.strerror}.",
                remedy="Choose another folder with --home, or change the owner of this folder.",
            ) from error
        return self

    def open_to_others(self) -> list[Path]:
        """Return the folders and files with people's data that other users of the machine can read or write.

        Only files of this user are included. Libraries, models and translations contain no data about people.
        """
        return [path for path in self._private() if _is_open_to_others(path)]

    def make_private(self) -> list[Path]:
        """Remove the permissions of other users from the paths of `open_to_others`. Return the changed paths."""
        changed = self.open_to_others()
        for path in changed:
            with contextlib.suppress(FileNotFoundError):
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~FOR_OTHERS)
        return changed

    def give_to_owner(self, target: int | Path) -> None:
        """Change the owner of a new file or folder from root (`sudo lampstand …`) to the owner of the data folder."""
        if os.geteuid() == 0:
            owner = self.home.stat()
            if isinstance(target, int):
                os.fchown(target, owner.st_uid, owner.st_gid)
            else:
                # If the path is a link, change the link itself, not its target.
                os.lchown(target, owner.st_uid, owner.st_gid)

    def _private(self) -> Iterator[Path]:
        yield self.home
        # A part of the folder can be a link to another disk. In that case, the permissions of the target matter.
        for file in (*self.home.glob("*.db*"), self.home / "settings.toml"):
            yield Path(os.path.realpath(file))
        for folder in (self.logs, self.run, self.tls, self.backups, self.files, self.working_folder):
            yield Path(os.path.realpath(folder))
            # os.walk skips a folder that is deleted in the meantime; rglob does not.
            for parent, folders, files in os.walk(os.path.realpath(folder)):
                yield from (Path(parent, name) for name in (*folders, *files))

    @property
    def graph(self) -> Path:
        return self.home / "graph" / "library.kuzu"

    @property
    def search_index(self) -> Path:
        """The search index, compiled from the library."""
        return self.home / "search" / "index.arrays"

    @property
    def suggestions(self) -> Path:
        """The suggestions that users see while they type. They are compiled from the library."""
        return self.home / "search" / "suggestions.arrays"

    @property
    def topic_memory(self) -> Path:
        """Topics with votes from an imported file. They are used in addition to the built-in topics."""
        return self.home / "topics.npz"

    @property
    def web_address(self) -> Path:
        """A file with the address of the running web server. Commands read it."""
        return self.run / "web.address"

    def queue_db(self, queue: str) -> Path:
        return self.home / f"queue-{queue}.db"

    @property
    def models_socket(self) -> Path:
        """The model runtime's socket. It is in the temporary folder if the data folder's path is too long for a socket."""
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
        """A file with the process number of the supervisor that `lampstand up` started."""
        return self.run / "supervisor.pid"


def _is_open_to_others(path: Path) -> bool:
    """Return True if other users have permissions for a path.

    Returns False for a missing path, a link, another user's file, or a folder like /tmp.
    """
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

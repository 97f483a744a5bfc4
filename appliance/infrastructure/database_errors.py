"""Errors of SQLite files, with messages for users."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

from appliance.errors import NotFound, Refused, Unavailable


class DatabaseTooNew(Refused):
    """The data folder was written by a newer Lampstand."""


class DatabaseDamaged(Unavailable):
    """A file of the data folder is damaged or not a database."""


class DiskFull(Unavailable):
    """The disk with the data folder is full."""


class DiskFailed(Unavailable):
    """The disk could not be read or written."""


class DatabaseBusy(Unavailable):
    """Another process locked the database for too long."""


class DatabaseNotWritable(Refused):
    """This user may not write the file, or the file system is read-only."""


class NumberTooLarge(NotFound):
    """The number is too large for the id of any row."""


@contextlib.contextmanager
def engine_errors(path: Path | None = None) -> Iterator[None]:
    """Turn errors of SQLite that a user can act on into errors of Lampstand."""
    where = str(path) if path else "the data folder"
    try:
        yield
    except OverflowError as error:
        raise NumberTooLarge("No item has this number.", remedy="Check the number.") from error
    except apsw.FullError as error:
        raise DiskFull(
            f"The disk with {where} is full.",
            remedy="Free some space and try again. The change was not saved, and nothing is damaged. An administrator "
            "can sign in and see on the page /storage what uses the space; `lampstand doctor` shows it too.",
        ) from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise DatabaseDamaged(
            f"{where} is damaged or not a database.",
            remedy="Run `lampstand doctor` to see what can be rebuilt.",
        ) from error
    except apsw.IOError as error:
        raise DiskFailed(
            f"The disk with {where} could not be read or written.",
            remedy="Check the disk's free space and health. The change was not saved.",
        ) from error
    except apsw.BusyError as error:
        raise DatabaseBusy(f"{where} is in use by another process.", remedy="Try again in a moment.") from error
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
        raise (not_writable(path) if path else DatabaseNotWritable("The data folder cannot be written.")) from error


def not_writable(path: Path) -> DatabaseNotWritable:
    """Return an error that says why a file cannot be written, as far as this process can tell."""
    if not path.exists():
        return DatabaseNotWritable(
            f"{path} does not exist and cannot be created.", remedy="Choose another data folder with --home."
        )
    if not os.access(path, os.R_OK):
        return DatabaseNotWritable(f"{path} cannot be read by this user.", remedy=f"{_owner(path)} can use this file.")
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return DatabaseNotWritable(
            f"{path} is on a file system that is read-only.",
            remedy="You can read and search. To make changes, mount the file system for writing.",
        )
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return DatabaseNotWritable(
            f"{path} could not be opened for writing.", remedy="Run `lampstand doctor` to see what is wrong."
        )
    return DatabaseNotWritable(
        f"{path} cannot be written by this user.",
        remedy=f"You can read and search. To make changes, run the command as {_owner(path)}.",
    )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, OSError):
        return "the user who owns the data folder"

"""Data sets that publishers offer for the library, and their download."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from models.downloads.download import download_file
from server.bootstrap import Appliance


class PublishedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that its publisher updates from time to time. The SHA-256 is shown after the download, because it can change."""

    url: str
    description: str


PUBLISHED_FILES = {
    "cross-references": PublishedFile(
        url="https://a.openbible.info/data/cross-references.zip",
        description="about 340,000 cross references with votes, OpenBible.info, CC BY",
    ),
    "topics": PublishedFile(
        url="https://a.openbible.info/data/topic-votes.zip",
        description="topics with the verses that readers voted for, OpenBible.info, CC BY",
    ),
    "theographic": PublishedFile(
        url="https://github.com/robertrouse/theographic-bible-metadata/archive/refs/heads/master.zip",
        description="people, places and events, Theographic Bible Metadata, CC BY-SA",
    ),
}


def download_published(
    appliance: Appliance, name: str, *, address: str, sha256: str, on_progress: Callable[[int, int], None]
) -> tuple[Path, str]:
    """Download a published file, from `address` if it is given. Return its path and its SHA-256.

    Raises DownloadFailed, also if the file does not match a given `sha256`.
    """
    folder = appliance.folder.texts / name
    return download_file(address or PUBLISHED_FILES[name].url, folder, sha256=sha256, on_progress=on_progress)

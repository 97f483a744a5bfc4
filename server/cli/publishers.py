"""Data sets for the library that publishers offer, and the function that downloads them."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from models.downloads.download import download_file
from server.bootstrap import Appliance


class PublishedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the publisher updates sometimes. Its SHA-256 can change, so the command prints it after the download."""

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
    """Download a published file, from `address` if this is not empty. Return the path and the SHA-256 of the file.

    Raises DownloadFailed, also if the file does not match a given `sha256`.
    """
    folder = appliance.folder.texts / name
    return download_file(address or PUBLISHED_FILES[name].url, folder, sha256=sha256, on_progress=on_progress)

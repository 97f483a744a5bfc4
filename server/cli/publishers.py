"""What publishers offer for the library, and bringing it here."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from models.downloads.download import fetch
from server.bootstrap import Appliance


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A file that its publisher renews from time to time, so its SHA-256 is shown rather than known beforehand."""

    url: str
    what: str


OFFERS = {
    "cross-references": Offer(
        url="https://a.openbible.info/data/cross-references.zip",
        what="about 340,000 cross references with votes, OpenBible.info, CC BY",
    ),
    "topics": Offer(
        url="https://a.openbible.info/data/topic-votes.zip",
        what="topics with the verses that readers voted for, OpenBible.info, CC BY",
    ),
    "theographic": Offer(
        url="https://github.com/robertrouse/theographic-bible-metadata/archive/refs/heads/master.zip",
        what="people, places and events, Theographic Bible Metadata, CC BY-SA",
    ),
}


def bring(
    appliance: Appliance, name: str, *, address: str, sha256: str, on_progress: Callable[[int, int], None]
) -> tuple[Path, str]:
    """Fetch what a publisher offers, from `address` where one is given; where it lies, and its SHA-256.

    Raises DownloadFailed, also where a `sha256` is given and another came.
    """
    folder = appliance.folder.texts / name
    return fetch(address or OFFERS[name].url, folder, sha256=sha256, on_progress=on_progress)

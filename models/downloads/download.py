"""Download a file over HTTP. Continues a partial download, and checks the free space first and the SHA-256 at the end."""

import contextlib
import re
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx
import structlog

from models.downloads.redirects import PORTS, Internet, Network, Redirects
from models.errors import DownloadFailed, DownloadInterrupted
from models.files import sha256_of

# Maximum bytes of a file name. File systems allow 255, but the name of the partial file is longer.
MAX_NAME = 200
# Maximum attempts in a row without new data. The pause before each attempt is twice the previous one.
ATTEMPTS = 5
# Maximum attempts as long as no server was reached, so that a user without a network gets the error soon.
ATTEMPTS_TO_CONNECT = 2
FIRST_PAUSE_S = 0.5
# Disk space that a download leaves free.
SPARE_BYTES = 64 * 2**20
# Error statuses that are temporary.
TEMPORARY = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")

_log = structlog.get_logger()


def download_file(
    url: str,
    folder: Path,
    *,
    sha256: str = "",
    on_progress: Callable[[int, int], None],
    pause_s: float = FIRST_PAUSE_S,
    network: Network | None = None,
) -> tuple[Path, str]:
    """Download a file into `folder`, and return its path and SHA-256.

    An earlier partial download is continued. If this attempt fails, the partial file is kept. But it is removed if it
    has become useless: the server no longer has the file, the server has another version, or the SHA-256 is wrong.

    The address may be in a private network. A redirect from a public address to a private address is refused.

    If `sha256` is empty, the file is checked against the SHA-256 that the server sends (model hubs send it in the header
    `X-Linked-Etag`). Raises DownloadFailed with a remedy, or DownloadInterrupted if the remedy is to try again later.
    """
    name = _file_name(url)
    folder.mkdir(parents=True, exist_ok=True)
    download = _Download(url, folder / f"{name}.part", on_progress)
    try:
        download.run(pause_s, network or Internet())
    except _Gone:
        download.remove_part()
        raise
    except OSError as error:
        raise DownloadFailed(
            f"{name} cannot be written to {folder}: {error.strerror}. The partial download is kept."
        ) from error
    expected = (sha256 or download.stated_sha256).lower()
    actual = sha256_of(download.part)
    if expected and actual != expected:
        download.remove_part()
        raise DownloadFailed(
            f"{name} has the wrong SHA-256: {actual}, not {expected}. The file was removed. Download it again. If this "
            "happens a second time, do not trust the source."
        )
    target = folder / name
    download.part.replace(target)
    download.remove_part()
    return target, actual


class _Gone(DownloadFailed):
    """The server answers that the file was permanently removed."""


def _file_name(url: str) -> str:
    """Return the name of the file at an address. Raises DownloadFailed."""
    try:
        parts = urlsplit(url)
        name = PurePosixPath(unquote(parts.path)).name
        # httpx and urllib parse addresses slightly differently. The address must be valid for both.
        usable = bool(httpx.URL(url).host) and parts.port != 0
    except (httpx.InvalidURL, ValueError) as error:
        raise DownloadFailed(f"{url[:MAX_NAME]!r} is not a valid address: {error}. Check the spelling.") from error
    if parts.scheme not in PORTS or not usable or not name or name.startswith("."):
        raise DownloadFailed(f"{url[:MAX_NAME]} is not the address of a file.")
    if not name.isprintable() or len(name.encode()) > MAX_NAME:
        raise DownloadFailed(
            f"{name[:MAX_NAME]!r} is not a valid file name: it has unprintable characters, or more than {MAX_NAME} "
            "bytes. Download it with a browser, and add the file."
        )
    return name


class _Download:
    """The download of one file. The tag of its version is stored beside it, so parts of two versions are never joined."""

    def __init__(self, url: str, part: Path, on_progress: Callable[[int, int], None]) -> None:
        self._url, self.part, self._on_progress = url, part, on_progress
        self._tag_file = part.with_suffix(".tag")
        self.stated_sha256 = ""

    def run(self, pause_s: float, network: Network) -> None:
        """Download the file, with several attempts. Raises DownloadFailed, OSError."""
        failures, reached = 0, False
        with contextlib.closing(Redirects(network)) as http:
            while True:
                size_before = self._size()
                try:
                    if self._attempt(http):
                        return
                    reason, reached = "the connection was lost", True
                except httpx.HTTPError as error:
                    reason = str(error) or type(error).__name__
                    reached = reached or not isinstance(error, httpx.ConnectError)
                failures = 0 if self._size() > size_before else failures + 1
                if failures >= (ATTEMPTS if reached else ATTEMPTS_TO_CONNECT):
                    raise DownloadInterrupted(
                        f"{self._url} could not be downloaded: {reason}. Try again later.{self._part_hint()}"
                    )
                _log.warning("download interrupted; trying again", url=self._url, reason=reason)
                time.sleep(pause_s * 2**failures)

    def remove_part(self) -> None:
        """Remove the partial file and the file with its version tag."""
        self.part.unlink(missing_ok=True)
        self._tag_file.unlink(missing_ok=True)

    def _part_hint(self) -> str:
        """Return a sentence about the partial file, to append to a message; empty if there is no partial file."""
        if not self._size():
            return ""
        return " The partial download is kept for one day. Run the same command to continue it."

    def _attempt(self, http: Redirects) -> bool:
        """Make one attempt to download the rest of the file, and return whether the file is complete."""
        size, tag = self._size(), self._tag()
        headers = {"Accept-Encoding": "identity"}
        if size and tag:
            headers |= {"Range": f"bytes={size}-", "If-Range": tag}
        with http.get(self._url, headers) as (response, redirects):
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                if self._total(response, 0) == size:
                    self._save_tags(response, redirects)
                    return True
                self.remove_part()
                return False
            self._check(response, is_range="Range" in headers)
            resumes = response.status_code == httpx.codes.PARTIAL_CONTENT
            if resumes and self._start_of(response) != size:
                # Appending to the partial file would produce a file of the right length with the wrong content.
                self.remove_part()
                return False
            size = size if resumes else 0
            total = self._total(response, size)
            self._check_disk(total - size)
            self._save_tags(response, redirects)
            with self.part.open("ab" if resumes else "wb") as file:
                for data in response.iter_bytes():
                    file.write(data)
                    # The clean-up job deletes old files, and checks the age of each file separately.
                    self._tag_file.touch()
                    size += len(data)
                    self._on_progress(size, total)
        return total in (size, 0)

    def _check(self, response: httpx.Response, *, is_range: bool) -> None:
        """Check that a response contains the file, and not an error or the sign-in page of a network.

        Raises DownloadFailed or httpx.HTTPError.
        """
        status = response.status_code
        if status == httpx.codes.GONE:
            raise _Gone(
                f"{self._url} cannot be downloaded: the server has removed the file (410). Look for the file's new address."
            )
        if status in (401, 403):
            raise DownloadFailed(
                f"The server denies access to {self._url} ({status}). You may first have to accept the licence on its "
                f"page. Download the file there with a browser, and add it.{self._part_hint()}"
            )
        if 400 <= status < 500 and status not in TEMPORARY:
            raise DownloadFailed(
                f"{self._url} cannot be downloaded: the server answered with status {status}. Check the address, and "
                f"that this machine is signed in to its network.{self._part_hint()}"
            )
        response.raise_for_status()
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_range and is_page and status != httpx.codes.PARTIAL_CONTENT:
            # The web page would replace the partial download.
            raise DownloadFailed(
                f"{self._url} cannot be downloaded: the server sent a web page, not the file. Open the address in a "
                f"browser. You may have to sign in to the network of this machine.{self._part_hint()}"
            )

    def _start_of(self, response: httpx.Response) -> int | None:
        content_range = _RANGE.match(response.headers.get("Content-Range", ""))
        return int(content_range[1]) if content_range and content_range[1] else None

    def _total(self, response: httpx.Response, size: int) -> int:
        content_range = _RANGE.match(response.headers.get("Content-Range", ""))
        if content_range:
            return int(content_range[2])
        length = int(response.headers.get("Content-Length", 0))
        return size + length if length else 0

    def _check_disk(self, needed: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if needed + SPARE_BYTES > free:
            raise DownloadFailed(
                f"The file needs {needed / 2**20:,.0f} MiB more, but {self.part.parent} has only "
                f"{free / 2**20:,.0f} MiB free. Free some space and try again."
            )

    def _save_tags(self, response: httpx.Response, redirects: Sequence[httpx.Response]) -> None:
        for redirect_or_file in (*redirects, response):
            stated = redirect_or_file.headers.get("X-Linked-Etag", "").strip('"')
            if _SHA256.fullmatch(stated):
                self.stated_sha256 = stated
        tag = response.headers.get("ETag", "") or response.headers.get("Last-Modified", "")
        # A weak tag does not guarantee identical bytes.
        self._tag_file.write_text("" if tag.startswith("W/") else tag, encoding="utf-8")

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _tag(self) -> str:
        return self._tag_file.read_text(encoding="utf-8") if self._tag_file.exists() else ""

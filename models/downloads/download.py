"""Download a file over HTTP: continue a part, check the free space first and the SHA-256 at the end."""

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

# Bytes of a file's name: file systems take 255, and what is unfinished has a longer one.
MAX_NAME = 200
# Attempts in a row that download nothing new; each waits twice as long as the one before.
ATTEMPTS = 5
# The limit while no server was reached, so that a user without a network gets the error soon.
ATTEMPTS_TO_CONNECT = 2
FIRST_PAUSE_S = 0.5
# Left free on the disk beside the file.
SPARE_BYTES = 64 * 2**20
# Refusals that pass by themselves.
PASSING = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")

_log = structlog.get_logger()


def fetch(
    url: str,
    folder: Path,
    *,
    sha256: str = "",
    on_progress: Callable[[int, int], None],
    pause_s: float = FIRST_PAUSE_S,
    network: Network | None = None,
) -> tuple[Path, str]:
    """Download a file into `folder`; its path and SHA-256.

    The part that was downloaded before is used, and kept where this attempt fails. It is removed where it cannot be
    used: the server says that the file is gone or has another version of it, or the SHA-256 is wrong.

    The address may be one of a private network; a redirect from a public address to a private one is refused.

    Where no `sha256` is given, the one that the server states of the file (`X-Linked-Etag`, as model hubs do) is
    checked. Raises DownloadFailed with what to do; DownloadInterrupted where that is to ask again later.
    """
    name = _file_name(url)
    folder.mkdir(parents=True, exist_ok=True)
    download = _Download(url, folder / f"{name}.part", on_progress)
    try:
        download.run(pause_s, network or Internet())
    except _Gone:
        download.forget()
        raise
    except OSError as error:
        raise DownloadFailed(
            f"{name} cannot be written to {folder}: {error.strerror}. The part that was downloaded is kept."
        ) from error
    expected = (sha256 or download.stated_sha256).lower()
    actual = sha256_of(download.part)
    if expected and actual != expected:
        download.forget()
        raise DownloadFailed(
            f"{name} is not what it should be: its SHA-256 is {actual}, not {expected}. It was removed. Begin again "
            "once; if this repeats, do not trust the source."
        )
    target = folder / name
    download.part.replace(target)
    download.forget()
    return target, actual


class _Gone(DownloadFailed):
    """The server says that it will not serve this file again."""


def _file_name(url: str) -> str:
    """What the file at an address is called. Raises DownloadFailed."""
    try:
        parts = urlsplit(url)
        name = PurePosixPath(unquote(parts.path)).name
        # Both read an address a little differently: it has to be one for each of them.
        usable = bool(httpx.URL(url).host) and parts.port != 0
    except (httpx.InvalidURL, ValueError) as error:
        raise DownloadFailed(f"{url[:MAX_NAME]!r} is not an address: {error}. Check how it is written.") from error
    if parts.scheme not in PORTS or not usable or not name or name.startswith("."):
        raise DownloadFailed(f"{url[:MAX_NAME]} is not the address of a file.")
    if not name.isprintable() or len(name.encode()) > MAX_NAME:
        raise DownloadFailed(
            f"{name[:MAX_NAME]!r} cannot be the name of a file here: it has unprintable characters, or more than "
            f"{MAX_NAME} bytes. Download it with a browser, and add the file."
        )
    return name


class _Download:
    """One file. The tag of its version is stored beside its part, so that parts of two versions are never joined."""

    def __init__(self, url: str, part: Path, on_progress: Callable[[int, int], None]) -> None:
        self._url, self.part, self._on_progress = url, part, on_progress
        self._tag_file = part.with_suffix(".tag")
        self.stated_sha256 = ""

    def run(self, pause_s: float, network: Network) -> None:
        """Raises DownloadFailed, OSError."""
        failures, reached = 0, False
        with contextlib.closing(Redirects(network)) as http:
            while True:
                before = self._have()
                try:
                    if self._go_on(http):
                        return
                    reason, reached = "the connection broke off", True
                except httpx.HTTPError as error:
                    reason = str(error) or type(error).__name__
                    reached = reached or not isinstance(error, httpx.ConnectError)
                failures = 0 if self._have() > before else failures + 1
                if failures >= (ATTEMPTS if reached else ATTEMPTS_TO_CONNECT):
                    raise DownloadInterrupted(
                        f"{self._url} could not be downloaded: {reason}. Try again later.{self._kept()}"
                    )
                _log.warning("download interrupted; trying again", url=self._url, reason=reason)
                time.sleep(pause_s * 2**failures)

    def forget(self) -> None:
        """Remove the part and its tag."""
        self.part.unlink(missing_ok=True)
        self._tag_file.unlink(missing_ok=True)

    def _kept(self) -> str:
        """A sentence about the part, to put behind another one; empty where there is none."""
        if not self._have():
            return ""
        return " The part that was downloaded is kept for a day; until then the same command continues it."

    def _go_on(self, http: Redirects) -> bool:
        """Download more; true when the file is complete."""
        have, tag = self._have(), self._tag()
        headers = {"Accept-Encoding": "identity"}
        if have and tag:
            headers |= {"Range": f"bytes={have}-", "If-Range": tag}
        with http.get(self._url, headers) as (response, before):
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                if self._total(response, 0) == have:
                    self._note(response, before)
                    return True
                self.forget()
                return False
            self._check(response, is_range="Range" in headers)
            resumes = response.status_code == httpx.codes.PARTIAL_CONTENT
            if resumes and self._start_of(response) != have:
                # Joined to what is here it would make a file of the right length and the wrong content.
                self.forget()
                return False
            have = have if resumes else 0
            total = self._total(response, have)
            self._check_disk(total - have)
            self._note(response, before)
            with self.part.open("ab" if resumes else "wb") as file:
                for data in response.iter_bytes():
                    file.write(data)
                    # The clean-up job goes by the age of each file.
                    self._tag_file.touch()
                    have += len(data)
                    self._on_progress(have, total)
        return total in (have, 0)

    def _check(self, response: httpx.Response, *, is_range: bool) -> None:
        """Raises DownloadFailed or httpx.HTTPError, also where the sign-in page of a network answers for the file."""
        status = response.status_code
        if status == httpx.codes.GONE:
            raise _Gone(
                f"{self._url} cannot be downloaded: the server has removed the file (410). Find its new address."
            )
        if status in (401, 403):
            raise DownloadFailed(
                f"The server refuses access to {self._url} ({status}). Its licence may have to be accepted on its page "
                f"first: download it there with a browser, and add the file.{self._kept()}"
            )
        if 400 <= status < 500 and status not in PASSING:
            raise DownloadFailed(
                f"{self._url} cannot be downloaded: the server answers with status {status}. Check the address, and "
                f"that this machine is signed in to its network.{self._kept()}"
            )
        response.raise_for_status()
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_range and is_page and status != httpx.codes.PARTIAL_CONTENT:
            # It would take the place of the part that was downloaded.
            raise DownloadFailed(
                f"{self._url} cannot be downloaded: the server answers with a page, not with the file. Open the "
                f"address in a browser: this machine may have to be signed in to its network.{self._kept()}"
            )

    def _start_of(self, response: httpx.Response) -> int | None:
        content_range = _RANGE.match(response.headers.get("Content-Range", ""))
        return int(content_range[1]) if content_range and content_range[1] else None

    def _total(self, response: httpx.Response, have: int) -> int:
        content_range = _RANGE.match(response.headers.get("Content-Range", ""))
        if content_range:
            return int(content_range[2])
        length = int(response.headers.get("Content-Length", 0))
        return have + length if length else 0

    def _check_disk(self, needed: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if needed + SPARE_BYTES > free:
            raise DownloadFailed(
                f"The file needs {needed / 2**20:,.0f} MiB more; {free / 2**20:,.0f} MiB are free in "
                f"{self.part.parent}. Free some space first."
            )

    def _note(self, response: httpx.Response, redirects: Sequence[httpx.Response]) -> None:
        for answer in (*redirects, response):
            stated = answer.headers.get("X-Linked-Etag", "").strip('"')
            if _SHA256.fullmatch(stated):
                self.stated_sha256 = stated
        tag = response.headers.get("ETag", "") or response.headers.get("Last-Modified", "")
        # A weak tag does not promise the same bytes.
        self._tag_file.write_text("" if tag.startswith("W/") else tag, encoding="utf-8")

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _tag(self) -> str:
        return self._tag_file.read_text(encoding="utf-8") if self._tag_file.exists() else ""

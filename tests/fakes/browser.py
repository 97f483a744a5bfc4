"""Debian's Chromium with flags that turn its network calls off, and what is said of the device that it is on."""

import shutil
from typing import Literal, TypedDict

from playwright.sync_api import ViewportSize

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
    # The flags above leave its registration with a messaging service of Google; this turns all DNS queries off.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.*",
]


class Device(TypedDict, total=False):
    """Options of a browser's context that say which device it is on."""

    viewport: ViewportSize
    color_scheme: Literal["dark"]
    has_touch: bool
    is_mobile: bool


class Context(Device, total=False):
    """The same, and whether pages may run programs."""

    java_script_enabled: bool

"""Debian's Chromium, with flags that turn off its network calls, and with the options of the simulated device."""

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
    # Despite the flags above, Chromium registers with a Google messaging service. This flag turns off all DNS queries.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.*",
]


class Device(TypedDict, total=False):
    """Options of a browser context that describe its device."""

    viewport: ViewportSize
    color_scheme: Literal["dark"]
    has_touch: bool
    is_mobile: bool


class Context(Device, total=False):
    """Options of a browser context that describe its device, and whether pages may run scripts."""

    java_script_enabled: bool

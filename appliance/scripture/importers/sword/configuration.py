"""What a SWORD module says of itself: its `mods.d/*.conf`."""

import hashlib
import itertools
import os
import re
from pathlib import Path

import msgspec

from appliance.infrastructure.opening import MAX_FILES, read_regular, shown_name, shown_text
from appliance.scripture.importers.source import SourceUnreadable

MAX_CONFIGURATION_BYTES = 2**20
_RTF = re.compile(r"\\(?:par|pard|qc|b0?|i0?)\b ?|[{}]")


class Configuration(msgspec.Struct, frozen=True):
    """A module's `.conf`: its name and its keys, the first value of each."""

    module: str
    values: dict[str, str]
    root: Path
    # The folder that no link may lead out of.
    inside: Path

    def value(self, key: str, default: str = "") -> str:
        return self.values.get(key.lower(), default)

    @property
    def data_path(self) -> Path:
        """Where the data files lie. Raises SourceUnreadable for a path outside the module."""
        try:
            path = (self.root / self.value("DataPath")).resolve()
            is_inside = path.is_relative_to(self.root.resolve())
        except (OSError, ValueError, RuntimeError):
            # A NUL character, a name that no disk can hold, links in a circle.
            is_inside = False
        if not is_inside:
            raise SourceUnreadable(
                f"The module {self.module} names data outside its own folder.",
                remedy="It is damaged or malicious.",
            )
        return path

    @property
    def origin(self) -> str:
        return f"SWORD module {self.module}"

    @property
    def language(self) -> str:
        stated = self.value("Lang")
        if stated:
            return stated
        guessed = {"eng": "en", "spa": "es"}.get(self.module[:3])
        return guessed or "und"

    @property
    def attribution(self) -> str:
        about = _RTF.sub(" ", self.value("About"))
        return " ".join(about.split())

    @property
    def licence(self) -> str:
        stated = self.value("DistributionLicense")
        if stated:
            return stated
        about = self.value("About").lower()
        public = "public domain" in about or "dominio público" in about
        return "Public Domain" if public else "Not stated by the module"


def read_configurations(root: Path, *, inside: Path | None = None) -> list[Configuration]:
    """The modules of a SWORD root, which no link may lead out of the folder `inside` (the root, unless it is given).

    Raises SourceUnreadable for a root without modules, or FileRefused.
    """
    found = [
        _read_configuration(path, root, inside or root) for path in files_of(root / "mods.d") if path.suffix == ".conf"
    ]
    if not found:
        raise SourceUnreadable(
            f"{shown_name(root)} holds no SWORD module.", remedy="A module has a folder mods.d beside modules."
        )
    return found


def _read_configuration(path: Path, root: Path, inside: Path) -> Configuration:
    raw = read_regular(path, inside=inside, most=MAX_CONFIGURATION_BYTES)
    text = raw.decode("utf-8") if _is_utf8(raw) else raw.decode("latin-1")
    module, values = shown_name(path.with_suffix("")), dict[str, str]()
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            module = shown_text(stripped[1:-1])
        elif stripped and not stripped.startswith("#"):
            key, _, value = stripped.partition("=")
            values.setdefault(key.strip().lower(), value.strip())
    return Configuration(module, values, root, inside)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def check_open(configuration: Configuration) -> None:
    """Raises SourceUnreadable for markups, compressions and locks that are not read."""
    markup = configuration.value("SourceType", "OSIS")
    if markup.upper() != "OSIS":
        raise SourceUnreadable(
            f"The module {configuration.module} is marked up in {shown_text(markup)}.", remedy="Only OSIS is read."
        )
    if configuration.value("CompressType", "ZIP").upper() != "ZIP" or configuration.value("CipherKey"):
        raise SourceUnreadable(
            f"The module {configuration.module} is compressed or locked in a way that is not read.",
            remedy="Ask its publisher for an open one.",
        )


def digest_of(configuration: Configuration) -> str:
    """The SHA-256 of a module's files and of what its configuration says."""
    folder = configuration.data_path
    digest = hashlib.sha256(repr(sorted(configuration.values.items())).encode())
    files = [path for path in files_of(folder.parent) if path.name.startswith(folder.name)] or files_of(folder)
    for path in files:
        digest.update(path.name.encode(errors="surrogateescape"))
        digest.update(read_regular(path, inside=configuration.inside))
    return digest.hexdigest()


def files_of(folder: Path) -> list[Path]:
    """The files of a folder, sorted; none where there is no folder. Raises SourceUnreadable for too many."""
    try:
        with os.scandir(folder) as entries:
            names = [each.name for each in itertools.islice(entries, MAX_FILES + 1) if not each.is_dir()]
    except OSError:
        return []
    if len(names) > MAX_FILES:
        raise SourceUnreadable(f"{shown_name(folder)} has more than {MAX_FILES:,} files.", remedy="Give one module.")
    return [folder / name for name in sorted(names)]

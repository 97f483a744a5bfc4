"""Reads the configuration of a SWORD module: its file `mods.d/*.conf`."""

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
    """The `.conf` file of a module: its name, and the first value of each key."""

    module: str
    values: dict[str, str]
    root: Path
    # Links in the module must not lead out of this folder.
    inside: Path

    def value(self, key: str, default: str = "") -> str:
        return self.values.get(key.lower(), default)

    @property
    def data_path(self) -> Path:
        """The path of the data files. Raises SourceUnreadable if the path is outside the module."""
        try:
            path = (self.root / self.value("DataPath")).resolve()
            is_inside = path.is_relative_to(self.root.resolve())
        except (OSError, ValueError, RuntimeError):
            # The path contains a NUL character, a name that is too long, or a cycle of links.
            is_inside = False
        if not is_inside:
            raise SourceUnreadable(
                f"The module {self.module} refers to data outside its own folder. The module is damaged or malicious.",
                remedy="Download the module again from a source that you trust.",
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
    """Return the configurations of all modules of a SWORD root.

    Links must not lead out of the folder `inside`, which is the root by default. Raises SourceUnreadable if the root has no
    modules, or FileRefused.
    """
    configurations = [
        _read_configuration(path, root, inside or root) for path in files_of(root / "mods.d") if path.suffix == ".conf"
    ]
    if not configurations:
        raise SourceUnreadable(
            f"{shown_name(root)} contains no SWORD module.",
            remedy="Choose a folder that contains the folders mods.d and modules.",
        )
    return configurations


def _read_configuration(path: Path, root: Path, inside: Path) -> Configuration:
    raw = read_regular(path, inside=inside, max_bytes=MAX_CONFIGURATION_BYTES)
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


def check_readable(configuration: Configuration) -> None:
    """Raises SourceUnreadable if the markup or the compression is not supported, or if the module is encrypted."""
    markup = configuration.value("SourceType", "OSIS")
    if markup.upper() != "OSIS":
        raise SourceUnreadable(
            f"The module {configuration.module} uses the markup {shown_text(markup)}, which is not supported.",
            remedy="Choose a module with OSIS markup.",
        )
    if configuration.value("CompressType", "ZIP").upper() != "ZIP" or configuration.value("CipherKey"):
        raise SourceUnreadable(
            f"The module {configuration.module} is encrypted or uses an unsupported compression.",
            remedy="Ask its publisher for an open module with zip compression.",
        )


def digest_of(configuration: Configuration) -> str:
    """Return the SHA-256 of the files and the configuration of a module."""
    folder = configuration.data_path
    digest = hashlib.sha256(repr(sorted(configuration.values.items())).encode())
    files = [path for path in files_of(folder.parent) if path.name.startswith(folder.name)] or files_of(folder)
    for path in files:
        digest.update(path.name.encode(errors="surrogateescape"))
        digest.update(read_regular(path, inside=configuration.inside))
    return digest.hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Return the sorted files of a folder, or no files if it is missing. Raises SourceUnreadable if there are too many."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in itertools.islice(entries, MAX_FILES + 1) if not entry.is_dir()]
    except OSError:
        return []
    if len(names) > MAX_FILES:
        raise SourceUnreadable(
            f"{shown_name(folder)} has more than {MAX_FILES:,} files.", remedy="Import one module at a time."
        )
    return [folder / name for name in sorted(names)]

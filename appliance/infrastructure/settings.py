"""All settings, declared once: a default and a sentence each.

A setting comes from, in order: the command line, the environment (`LAMPSTAND_PORT`), `settings.toml` in the
data folder, the default.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
import platformdirs
from msgspec import Meta

from appliance.errors import Refused
from appliance.infrastructure.opening import FileRefused, read_regular

ENVIRONMENT_PREFIX = "LAMPSTAND_"
MAX_SETTINGS_BYTES = 2**20


class InvalidSettings(Refused):
    """A setting has a name or a value that Lampstand does not know."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one appliance."""

    host: Annotated[
        str,
        Meta(
            description="Address the web server listens on: empty for this machine, and the local network too once there "
            "is an administrator."
        ),
    ] = ""
    port: Annotated[int, Meta(ge=1, le=65535, description="Port the web server listens on.")] = 8316
    https_port: Annotated[int, Meta(ge=1, le=65535, description="Port of HTTPS, once other machines are answered.")] = (
        8317
    )
    names: Annotated[
        str, Meta(description="Further names of this machine for its certificate, with commas between.")
    ] = ""
    tls_certificate: Annotated[
        str,
        Meta(description="PEM file of a certificate from elsewhere, instead of one by this machine's own authority."),
    ] = ""
    tls_key: Annotated[str, Meta(description="PEM file of that certificate's key.")] = ""
    default_translation: Annotated[str, Meta(description="Translation people read when they have not chosen one.")] = (
        "WEB"
    )
    embedded_translation: Annotated[
        str,
        Meta(description="Translation whose verses are searched by meaning; another English text where absent."),
    ] = "WEB"
    models_address: Annotated[
        str,
        Meta(
            description="Where the model runtime listens: empty for the socket in the data folder, "
            "or an http address of another machine."
        ),
    ] = ""
    models_token: Annotated[str, Meta(description="Bearer token of the model runtime at that address.")] = ""
    embedding_model: Annotated[str, Meta(description="Model that turns verses and queries into vectors.")] = (
        "all-MiniLM-L6-v2"
    )
    chat_model: Annotated[
        str,
        Meta(description="Model that writes answers: a name from `lampstand models list`, or empty for the newest."),
    ] = ""
    notification_services: Annotated[
        str,
        Meta(
            description="Services outside that notifications may be sent to, by apprise's schemes, with commas between."
        ),
    ] = "ntfy,ntfys,gotify,gotifys,mailto,mailtos,matrix,matrixs,tgram,signal,signals,pover,slack,discord,mmost,mmosts"
    queues_address: Annotated[
        str,
        Meta(
            description="Where the queues of jobs lie: empty for files in the data folder, or redis://… or postgresql://…."
        ),
    ] = ""
    ocr_jobs: Annotated[int, Meta(ge=1, le=64, description="Scans that are read at once.")] = 1
    media_jobs: Annotated[int, Meta(ge=1, le=64, description="Recordings that are worked on at once.")] = 1
    library_jobs: Annotated[
        int, Meta(ge=1, le=64, description="Long jobs of the library at once; one more slot is kept for short ones.")
    ] = 1
    keep_events_days: Annotated[
        float, Meta(gt=0, description="Days that the event log and finished jobs are kept.")
    ] = 30.0
    keep_backups: Annotated[int, Meta(ge=1, description="Nightly backups of people's data that are kept.")] = 7
    log_level: Annotated[
        str,
        Meta(pattern="^(debug|info|warning|error)$", description="Least severe log line that is written."),
    ] = "info"


def default_home() -> Path:
    """The data folder when nobody names one."""
    named = os.environ.get(f"{ENVIRONMENT_PREFIX}HOME")
    return Path(named).expanduser() if named else platformdirs.user_data_path("lampstand", appauthor=False)


def load_settings(home: Path, **overrides: Any) -> Settings:
    """Settings for a data folder; `overrides` that are None are as if not given.

    Raises InvalidSettings, naming the setting and where it came from.
    """
    values: dict[str, Any] = {}
    _merge(values, _from_file(home / "settings.toml"), home / "settings.toml")
    _merge(values, _from_environment(), "the environment")
    _merge(values, {key: value for key, value in overrides.items() if value is not None}, "the command line")
    return msgspec.convert(values, Settings, strict=False)


def _merge(values: dict[str, Any], more: dict[str, Any], source: Path | str) -> None:
    try:
        msgspec.convert(more, Settings, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(Settings.__struct_fields__)
        raise InvalidSettings(
            f"A setting in {source} is not valid: {error}.", remedy=f"Known settings: {known}."
        ) from error
    values.update(more)


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(read_regular(path, most=MAX_SETTINGS_BYTES).decode())
    except FileRefused as error:
        raise InvalidSettings(f"The settings cannot be read. {error.message}", remedy=error.remedy) from error
    except (ValueError, RecursionError) as error:
        # A TOMLDecodeError names the place; the words of the others are the interpreter's own.
        why = f": {error}" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise InvalidSettings(f"{path} is not valid TOML{why}.", remedy="Correct or remove the file.") from error


def _from_environment() -> dict[str, Any]:
    found = {name: os.environ.get(f"{ENVIRONMENT_PREFIX}{name.upper()}") for name in Settings.__struct_fields__}
    return {name: value for name, value in found.items() if value is not None}

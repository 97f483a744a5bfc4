"""All settings, each with its default and its description.

The value of a setting comes from the first of: the command line, the environment (`LAMPSTAND_PORT`), `settings.toml` in
the data folder, the default.
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
    """A setting has an unknown name or an invalid value."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one appliance."""

    host: Annotated[
        str,
        Meta(
            description="Address that the web server listens on. Empty: this machine only, and also the local network after "
            "an administrator account exists."
        ),
    ] = ""
    port: Annotated[int, Meta(ge=1, le=65535, description="Port that the web server listens on.")] = 8316
    https_port: Annotated[int, Meta(ge=1, le=65535, description="Port for HTTPS, which other machines use.")] = 8317
    names: Annotated[str, Meta(description="More names of this machine for its certificate, separated by commas.")] = ""
    tls_certificate: Annotated[
        str,
        Meta(description="PEM file of a certificate from another authority, instead of this machine's own authority."),
    ] = ""
    tls_key: Annotated[str, Meta(description="PEM file with the key for `tls_certificate`.")] = ""
    default_translation: Annotated[
        str, Meta(description="Translation for people who have not chosen a translation.")
    ] = "WEB"
    embedded_translation: Annotated[
        str,
        Meta(
            description="Translation that is searched by meaning. If it is not installed, another English translation is used."
        ),
    ] = "WEB"
    models_address: Annotated[
        str,
        Meta(
            description="Address of the model runtime. Empty: the socket in the data folder. Otherwise an http address on "
            "another machine."
        ),
    ] = ""
    models_token: Annotated[str, Meta(description="Bearer token for the model runtime at `models_address`.")] = ""
    embedding_model: Annotated[str, Meta(description="Model that turns verses and queries into vectors.")] = (
        "all-MiniLM-L6-v2"
    )
    chat_model: Annotated[
        str,
        Meta(description="Model that writes answers: a name from `lampstand models list`. Empty: the newest model."),
    ] = ""
    notification_services: Annotated[
        str,
        Meta(description="External services that notifications may be sent to: apprise schemes, separated by commas."),
    ] = "ntfy,ntfys,gotify,gotifys,mailto,mailtos,matrix,matrixs,tgram,signal,signals,pover,slack,discord,mmost,mmosts"
    queues_address: Annotated[
        str,
        Meta(description="Address of the job queues: redis://… or postgresql://…. Empty: files in the data folder."),
    ] = ""
    ocr_jobs: Annotated[int, Meta(ge=1, le=64, description="Number of scans that are read at the same time.")] = 1
    media_jobs: Annotated[
        int, Meta(ge=1, le=64, description="Number of recordings that are processed at the same time.")
    ] = 1
    library_jobs: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Number of long library jobs that run at the same time. One more slot is reserved for short jobs.",
        ),
    ] = 1
    keep_events_days: Annotated[
        float, Meta(gt=0, description="Number of days that events and finished jobs are kept.")
    ] = 30.0
    keep_backups: Annotated[
        int, Meta(ge=1, description="Number of nightly backups of people's data that are kept.")
    ] = 7
    log_level: Annotated[
        str,
        Meta(pattern="^(debug|info|warning|error)$", description="Lowest level of log lines that are written."),
    ] = "info"


def default_home() -> Path:
    """Return the data folder that is used if the command line does not name a data folder."""
    home = os.environ.get(f"{ENVIRONMENT_PREFIX}HOME")
    return Path(home).expanduser() if home else platformdirs.user_data_path("lampstand", appauthor=False)


def load_settings(home: Path, **overrides: Any) -> Settings:
    """Load the settings of a data folder; `overrides` that are None are ignored.

    Raises InvalidSettings. Its message names the setting and where the setting comes from.
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
        names = ", ".join(Settings.__struct_fields__)
        raise InvalidSettings(
            f"A setting in {source} is not valid: {error}.", remedy=f"The settings are: {names}."
        ) from error
    values.update(more)


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(read_regular(path, max_bytes=MAX_SETTINGS_BYTES).decode())
    except FileRefused as error:
        raise InvalidSettings(f"The settings cannot be read. {error.message}", remedy=error.remedy) from error
    except (ValueError, RecursionError) as error:
        # A TOMLDecodeError says where the error is. Other errors have messages of Python, which are not for users.
        reason = f": {error}" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise InvalidSettings(f"{path} is not valid TOML{reason}.", remedy="Correct or remove the file.") from error


def _from_environment() -> dict[str, Any]:
    values = {name: os.environ.get(f"{ENVIRONMENT_PREFIX}{name.upper()}") for name in Settings.__struct_fields__}
    return {name: value for name, value in values.items() if value is not None}

"""Sends messages to external services, with the library apprise.

Some parameters of apprise's addresses open a file of this machine or download a page (`template`, `attach`, keys). Users
type these addresses, so Lampstand accepts only parameters that are known to be harmless.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from appliance.errors import Refused, Unavailable

_EVERY_SERVICE = frozenset("format overflow emojis verify redirect to user pass password port".split())
# From the source code of each service in apprise 2.3. These parameters are sent as text, or choose how a message is sent.
_ONE_SERVICE: Mapping[str, frozenset[str]] = {
    "discord": frozenset(
        "avatar avatar_url botname batch fields flags footer footer_logo href image ping thread tts url".split()
    ),
    "gotify": frozenset({"priority"}),
    "json": frozenset({"method"}),
    "mailto": frozenset("bcc cc from mode name reply smtp".split()),
    "matrix": frozenset("discovery e2ee hsreq image mode msgtype token v version".split()),
    "mmost": frozenset("botname channel channels icon_url image mode team".split()),
    "ntfy": frozenset("actions auth avatar_url click delay email image mode priority tags token xtags".split()),
    "pover": frozenset("e2ee expire interval key priority sound url url_title".split()),
    "signal": frozenset("batch from status".split()),
    "slack": frozenset("blocks footer image mode timestamp token".split()),
    "tgram": frozenset("content detect image mdv preview silent thread topic".split()),
}


class AddressNotUnderstood(Refused):
    """The address does not belong to a supported service."""


class ParameterRefused(Refused):
    """An address has an unknown parameter, or a parameter that could open a file of this machine."""


class NotDelivered(Unavailable):
    """The service could not be reached, or rejected the message."""


def allowed_parameters(service: str) -> frozenset[str]:
    """Return the parameters that are allowed in an address of a service. The TLS variant of a service ends with `s`."""
    own_parameters = _ONE_SERVICE.get(service) or _ONE_SERVICE.get(service.removesuffix("s")) or frozenset()
    return _EVERY_SERVICE | own_parameters


def check_parameters(address: str) -> None:
    """Raises ParameterRefused."""
    service, _, query = address.partition("?")
    pairs = query.replace(";", "&").split("&") if query else []
    _refuse(service.partition(":")[0].lower(), (unquote(pair.partition("=")[0]) for pair in pairs))


class AppriseMessenger:
    """Sends messages to addresses of these services, such as `ntfy://ntfy.sh/topic` or `mailto://user:password@host`."""

    def __init__(self, services: frozenset[str]) -> None:
        self._services = services

    def send(self, address: str, title: str, text: str) -> None:
        """Send a message to an address. Raises AddressNotUnderstood, ParameterRefused or NotDelivered."""
        service = self._service(address)
        if service is None:
            raise AddressNotUnderstood(
                "This address does not belong to an allowed service.",
                remedy="Remove this address and add a correct address.",
            )
        if not service.notify(title=title, body=text):
            raise NotDelivered(
                "The service did not accept the message.", remedy="Check the network connection and the address."
            )

    def _service(self, address: str) -> Any:
        # Importing apprise takes half a second, and only a worker that sends messages needs this library.
        from apprise import Apprise, AppriseAsset, PersistentStoreMode  # noqa: PLC0415
        from apprise.plugins import url_to_dict  # noqa: PLC0415

        # Turn off the log of apprise, because it contains addresses with their passwords.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        scheme = address.partition(":")[0].lower()
        check_parameters(address)
        # An address must name one service. `url_to_dict` is used because `Apprise.add` would accept several addresses.
        parts = url_to_dict(address) if scheme in self._services else None  # type: ignore[no-untyped-call] # apprise is untyped here
        if parts is None:
            return None
        # Check the parameters again, now in the form in which apprise parses them.
        _refuse(scheme, parts.get("qsd", {}))
        quiet = AppriseAsset(
            storage_mode=PersistentStoreMode.MEMORY,
            pgp_autogen=False,
            pem_autogen=False,
            interpret_escapes=False,
            secure_logging=True,
        )
        return Apprise.instantiate(parts, asset=quiet)


def _refuse(service: str, names: Iterable[str]) -> None:
    allowed = allowed_parameters(service)
    for name in filter(None, map(str.strip, names)):
        if name.lower() not in allowed:
            raise ParameterRefused(
                f"The parameter {name[:40]!r} is not allowed in an address of {service}.",
                remedy=f"Allowed parameters: {', '.join(sorted(allowed))}.",
            )

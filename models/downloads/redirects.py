"""Follow the redirects of a download, but never from a public address to one of this machine or its networks.

The address that a person typed may itself be private: a server of the same building is a sound source. What answers
there, or on the internet, may not send the download on to what only this machine can reach. Each name is resolved once,
and the connection goes to the addresses that were checked: a name that resolves to another one later changes nothing.
"""

import contextlib
import ipaddress
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import httpx

from models.errors import DownloadFailed

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 15.0, 60.0
MAX_REDIRECTS = 10
PORTS = {"http": 80, "https": 443}
# Addresses of IPv6 that stand for one of IPv4, which a gateway reaches.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


class RedirectRefused(DownloadFailed):
    """The address, or one that it redirects to, is not followed."""


class Network(Protocol):
    """Where names lead."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a name, the best first. Raises OSError, UnicodeError."""
        ...

    def is_public(self, address: str) -> bool:
        """True for an address of the internet, false for one of this machine or its networks."""
        ...


class Internet:
    """The real network."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(info[0]) for *_, info in infos))

    def is_public(self, address: str) -> bool:
        ip = ipaddress.ip_address(address)
        if isinstance(ip, ipaddress.IPv6Address):
            inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
            if ip in _TRANSLATED:
                inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
            if inner is not None:
                return inner.is_global and not inner.is_multicast
        return ip.is_global and not ip.is_multicast


class Redirects:
    """The attempts of one download. Once a request of an attempt went to a public address, its later ones have to.

    A typed name that led to public addresses at the first attempt has to lead to such at each later attempt.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        # Both are about the address that a person typed, as it was at the first attempt.
        self._typed_is_public = False
        self._has_typed = False
        self._is_public = False
        context = httpx.create_ssl_context()
        self._direct, self._proxied = (
            httpx.Client(
                timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                # A connection is not used again: it was checked for one name.
                limits=httpx.Limits(max_keepalive_connections=0),
                event_hooks={"response": [_take_location]},
                verify=context,
                trust_env=with_proxies,
            )
            for with_proxies in (False, True)
        )

    def close(self) -> None:
        """Close what is open."""
        self._direct.close()
        self._proxied.close()

    @contextlib.contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[tuple[httpx.Response, list[httpx.Response]]]:
        """One attempt: the answer at the end of the redirects, and those before it. The address is the typed one.

        Raises RedirectRefused where a redirect may not be followed, httpx.HTTPError where the network fails.
        """
        place = httpx.URL(url)
        before: list[httpx.Response] = []
        # An attempt that ended at a public address says nothing about the typed one.
        self._is_public = self._typed_is_public
        while len(before) <= MAX_REDIRECTS:
            response = self._send(place, headers, is_typed=not before)
            try:
                location = str(response.extensions.get("location", ""))
                if not (response.is_redirect and location):
                    yield response, before
                    return
            finally:
                response.close()
            before.append(response)
            place = self._next(place, location)
        raise RedirectRefused(
            f"{url} redirects more than {MAX_REDIRECTS} times. Ask its publisher for the file's own address."
        )

    def _next(self, place: httpx.URL, location: str) -> httpx.URL:
        try:
            following = place.join(location)
            urllib.parse.urlsplit(str(following)).port  # noqa: B018 - raises for a port that cannot be
        except (httpx.InvalidURL, ValueError) as error:
            raise RedirectRefused(f"{place.host} redirects to {location[:200]!r}, which is not an address.") from error
        if following.scheme not in PORTS or not following.host:
            raise RedirectRefused(f"{place.host} redirects to {location[:200]!r}, which is not a web address.")
        return following

    def _send(self, place: httpx.URL, headers: Mapping[str, str], *, is_typed: bool) -> httpx.Response:
        try:
            addresses = self._network.addresses(place.host, place.port or PORTS[place.scheme])
        except UnicodeError as error:
            raise RedirectRefused(f"{place.host[:200]!r} is not the name of a server. Check the address.") from error
        except OSError as error:
            if not _has_proxy(place):
                raise httpx.ConnectError(f"{place.host} cannot be found: {error.strerror}") from error
            addresses = []
        self._check(place, addresses, is_typed=is_typed)
        if _has_proxy(place):
            # The proxy finds the server by its name.
            return self._proxied.send(self._proxied.build_request("GET", place, headers=headers), stream=True)
        return self._connect(place, addresses, headers)

    def _check(self, place: httpx.URL, addresses: Sequence[str], *, is_typed: bool) -> None:
        public = [self._network.is_public(address) for address in addresses]
        if self._is_public and not all(public):
            raise RedirectRefused(
                f"{place.host} had a public address and has one in a private network now. This is not followed. If you "
                "trust that address, begin the download again."
                if is_typed
                else f"The download is redirected from a public address to {place.host}, which is in a private "
                "network. This is not followed. If you trust that address, use it directly."
            )
        if is_typed and not self._has_typed:
            # A name with addresses of both kinds was typed too: it stays usable, but is no way into a private network.
            self._has_typed, self._typed_is_public = True, all(public)
        self._is_public = self._is_public or any(public) or not public

    def _connect(self, place: httpx.URL, addresses: Sequence[str], headers: Mapping[str, str]) -> httpx.Response:
        failure: httpx.TransportError = httpx.ConnectError(f"{place.host} has no address")
        for address in addresses:
            request = self._direct.build_request("GET", place, headers=headers)
            # The name stays in the header and in the certificate's check; the connection goes to the address.
            request.url = place.copy_with(host=address)
            request.extensions["sni_hostname"] = place.host
            try:
                return self._direct.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure


def _take_location(response: httpx.Response) -> None:
    # The library would look at it too, and fail with words of its own.
    response.extensions["location"] = response.headers.pop("Location", "")


def _has_proxy(place: httpx.URL) -> bool:
    proxies = urllib.request.getproxies()
    return (place.scheme in proxies or "all" in proxies) and not urllib.request.proxy_bypass(place.host)

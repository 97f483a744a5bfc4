"""Follow the redirects of a download, but never from a public address to an address of this machine or its networks.

The address that a person typed may be private: a server in the same building is a valid source. But after a request to
a public address, no redirect may lead to a private address, because the public server cannot reach private addresses
itself. Each name is resolved once and its addresses are checked. Then the connection uses only these checked addresses,
even if the name resolves to another address later.
"""

import contextlib
import functools
import ipaddress
import socket
import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import httpx

from models.errors import DownloadFailed

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 15.0, 60.0
MAX_REDIRECTS = 10
PORTS = {"http": 80, "https": 443}
# IPv6 addresses that a gateway translates to IPv4 addresses.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


class RedirectRefused(DownloadFailed):
    """The typed address, or an address that it redirects to, is not allowed."""


class Network(Protocol):
    """Resolves names, and tells which addresses are public."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a name, the best first. Raises OSError, UnicodeError."""
        ...

    def is_public(self, address: str) -> bool:
        """Return whether an address is on the internet, not on this machine and not in a network of this machine."""
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


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Return the context of all downloads, because loading the certificates takes 20 ms."""
    return httpx.create_ssl_context()


class Redirects:
    """The attempts of one download. After a request to a public address, an attempt uses only public addresses.

    If the typed name had only public addresses at the first attempt, it must have only public addresses later too.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        # Both attributes describe the typed address at the first attempt.
        self._typed_is_public = False
        self._has_typed = False
        self._is_public = False
        context = _tls_context()
        self._direct, self._proxied = (
            httpx.Client(
                timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                # A connection is not reused, because its address was checked for one name only.
                limits=httpx.Limits(max_keepalive_connections=0),
                event_hooks={"response": [_take_location]},
                verify=context,
                trust_env=with_proxies,
            )
            for with_proxies in (False, True)
        )

    def close(self) -> None:
        """Close the HTTP clients."""
        self._direct.close()
        self._proxied.close()

    @contextlib.contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[tuple[httpx.Response, list[httpx.Response]]]:
        """Make one attempt with the typed address. Yield the final response and the redirects before it.

        Raises RedirectRefused if a redirect is not allowed. Raises httpx.HTTPError if the network fails.
        """
        target = httpx.URL(url)
        redirects: list[httpx.Response] = []
        # Start from the typed address again: after an earlier attempt, `_is_public` may describe the target of a redirect.
        self._is_public = self._typed_is_public
        while len(redirects) <= MAX_REDIRECTS:
            response = self._send(target, headers, is_typed=not redirects)
            try:
                location = str(response.extensions.get("location", ""))
                if not (response.is_redirect and location):
                    yield response, redirects
                    return
            finally:
                response.close()
            redirects.append(response)
            target = self._next(target, location)
        raise RedirectRefused(
            f"{url} redirects more than {MAX_REDIRECTS} times. Ask the publisher for the direct address of the file."
        )

    def _next(self, target: httpx.URL, location: str) -> httpx.URL:
        try:
            next_target = target.join(location)
            urllib.parse.urlsplit(str(next_target)).port  # noqa: B018 - raises ValueError if the port is invalid
        except (httpx.InvalidURL, ValueError) as error:
            raise RedirectRefused(f"{target.host} redirects to {location[:200]!r}, which is not an address.") from error
        if next_target.scheme not in PORTS or not next_target.host:
            raise RedirectRefused(f"{target.host} redirects to {location[:200]!r}, which is not a web address.")
        return next_target

    def _send(self, target: httpx.URL, headers: Mapping[str, str], *, is_typed: bool) -> httpx.Response:
        try:
            addresses = self._network.addresses(target.host, target.port or PORTS[target.scheme])
        except UnicodeError as error:
            raise RedirectRefused(f"{target.host[:200]!r} is not the name of a server. Check the address.") from error
        except OSError as error:
            if not _has_proxy(target):
                raise httpx.ConnectError(f"{target.host} cannot be found: {error.strerror}") from error
            addresses = []
        self._check(target, addresses, is_typed=is_typed)
        if _has_proxy(target):
            # The proxy resolves the name, so there are no addresses to check here.
            return self._proxied.send(self._proxied.build_request("GET", target, headers=headers), stream=True)
        return self._connect(target, addresses, headers)

    def _check(self, target: httpx.URL, addresses: Sequence[str], *, is_typed: bool) -> None:
        public = [self._network.is_public(address) for address in addresses]
        if self._is_public and not all(public):
            raise RedirectRefused(
                f"{target.host} had a public address before, and now has an address in a private network. The download "
                "was stopped. If you trust that address, start the download again."
                if is_typed
                else f"The download is redirected from a public address to {target.host}, which is in a private "
                "network. The redirect was refused. If you trust that address, use it directly."
            )
        if is_typed and not self._has_typed:
            # A typed name may have both public and private addresses. The name stays usable, but its redirects must not
            # lead into a private network.
            self._has_typed, self._typed_is_public = True, all(public)
        self._is_public = self._is_public or any(public) or not public

    def _connect(self, target: httpx.URL, addresses: Sequence[str], headers: Mapping[str, str]) -> httpx.Response:
        failure: httpx.TransportError = httpx.ConnectError(f"{target.host} has no address")
        for address in addresses:
            request = self._direct.build_request("GET", target, headers=headers)
            # The `Host` header and the certificate check use the name. The connection goes to the checked address.
            request.url = target.copy_with(host=address)
            request.extensions["sni_hostname"] = target.host
            try:
                return self._direct.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure


def _take_location(response: httpx.Response) -> None:
    # httpx would also parse a `Location` header, and raise its own error.
    response.extensions["location"] = response.headers.pop("Location", "")


def _has_proxy(target: httpx.URL) -> bool:
    proxies = urllib.request.getproxies()
    return (target.scheme in proxies or "all" in proxies) and not urllib.request.proxy_bypass(target.host)

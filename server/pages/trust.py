"""The page that explains how to trust this server, and the download of its certificate."""

import asyncio

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.response import Template

from appliance.community.accounts.permissions import Permission
from appliance.errors import NotFound
from appliance.infrastructure.certificates import as_der, describe
from appliance.infrastructure.site_certificate import SiteCertificate
from server.http.access import rule


class NoAuthority(NotFound):
    """The server uses a certificate from another issuer, which devices trust already."""


class TrustPagesController(Controller):
    path = "/trust"
    include_in_schema = False
    opt = rule(Permission.PUBLIC, plain=True)

    @get(sync_to_thread=True)
    def trust(self, certificate: NamedDependency[SiteCertificate]) -> Template:
        served = certificate.served()
        return Template(
            "trust.html",
            context={
                "authority": describe(served.authority) if served.authority else None,
                "addresses": certificate.addresses(),
            },
        )

    @get("/lampstand-authority.crt")
    async def authority(self, certificate: NamedDependency[SiteCertificate]) -> Response[bytes]:
        served = await asyncio.to_thread(certificate.served)
        if served.authority is None:
            raise NoAuthority(
                "This server has no certificate authority of its own.",
                remedy="You do not need to install anything: devices already trust its certificate.",
            )
        # Phones offer to install a file with this media type.
        return Response(await asyncio.to_thread(as_der, served.authority), media_type="application/x-x509-ca-cert")

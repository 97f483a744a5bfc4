"""`tls`: the certificates for HTTPS."""

import click
from rich.text import Text

from appliance.infrastructure.certificates import Served, describe
from server.cli.context import JSON_OPTION, Home, console, print_json


@click.group()
def tls() -> None:
    """HTTPS: this machine's certificate authority and its certificate."""


@tls.command()
@click.pass_obj
def init(home: Home) -> None:
    """Create the authority and the certificate, or renew them if they are outdated. The server also does this automatically."""
    _print_served(home.open().certificate.served())


@tls.command()
@click.option("--new-authority", is_flag=True, help="Also create a new authority. Every device must then trust it.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def renew(home: Home, new_authority: bool, yes: bool) -> None:
    """Create a new key and a new certificate now, before the old certificate expires."""
    appliance = home.open()
    if new_authority and not yes:
        click.confirm(
            "Create a new authority? Devices that trust the old authority show a warning until they trust the new authority.",
            abort=True,
        )
    served = appliance.certificate.renew(new_authority=new_authority)
    _print_served(served)
    out = console()
    if new_authority:
        out.print(
            "On every phone and computer, open the page /trust, install the new authority and remove the old authority."
        )
    out.print("A running server starts to use the new certificate within a minute.")


def _print_served(served: Served) -> None:
    out = console()
    out.print(f"{served.certificate} is for {', '.join(describe(served.certificate).names)}.")
    if served.authority:
        out.print(f"The authority's SHA-256 is {describe(served.authority).fingerprint}.")


@tls.command()
@JSON_OPTION
@click.pass_obj
def show(home: Home, as_json: bool) -> None:
    """Show the certificates for HTTPS: names, fingerprints and expiry dates."""
    served = home.open().certificate.served()
    descriptions = {"certificate": describe(served.certificate)}
    if served.authority:
        descriptions["authority"] = describe(served.authority)
    if as_json:
        print_json(descriptions)
        return
    out = console()
    for kind, certificate in descriptions.items():
        expiry = f"expires on {certificate.expires_at:%d %B %Y}"
        out.print(Text.assemble((kind, "bold"), f": {certificate.subject}, {expiry}"))
        out.print(f"  SHA-256 {certificate.fingerprint}")
        if certificate.names:
            out.print(f"  for {', '.join(certificate.names)}")

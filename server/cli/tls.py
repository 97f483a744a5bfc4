"""`tls`: the certificates that HTTPS is served with."""

import click
from rich.text import Text

from appliance.infrastructure.certificates import Served, describe
from server.cli.context import JSON_OPTION, Home, console, print_json


@click.group()
def tls() -> None:
    """HTTPS: the machine's own certificate authority and its certificate."""


@tls.command()
@click.pass_obj
def init(home: Home) -> None:
    """Make the authority and the certificate, or renew what is outdated. It is done by itself when others are answered."""
    _print_served(home.open().certificate.served())


@tls.command()
@click.option("--new-authority", is_flag=True, help="Make a new authority too. Every device must trust it again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def renew(home: Home, new_authority: bool, yes: bool) -> None:
    """Make a new key and certificate now, before the old one is outdated."""
    appliance = home.open()
    if new_authority and not yes:
        click.confirm(
            "Make a new authority? Phones and computers that trust the old one will warn until they trust the new one.",
            abort=True,
        )
    served = appliance.certificate.renew(new_authority=new_authority)
    _print_served(served)
    out = console()
    if new_authority:
        out.print(
            "Open the page /trust on every phone and computer, install the new authority there and remove the old one."
        )
    out.print("A running server uses the new certificate within a minute.")


def _print_served(served: Served) -> None:
    out = console()
    out.print(f"{served.certificate} is for {', '.join(describe(served.certificate).names)}.")
    if served.authority:
        out.print(f"The authority's SHA-256 is {describe(served.authority).fingerprint}.")


@tls.command()
@JSON_OPTION
@click.pass_obj
def show(home: Home, as_json: bool) -> None:
    """What HTTPS is served with: names, fingerprints, and when it ends."""
    served = home.open().certificate.served()
    found = {"certificate": describe(served.certificate)}
    if served.authority:
        found["authority"] = describe(served.authority)
    if as_json:
        print_json(found)
        return
    out = console()
    for name, each in found.items():
        out.print(Text.assemble((name, "bold"), f": {each.subject}, until {each.expires_at:%d %B %Y}"))
        out.print(f"  SHA-256 {each.fingerprint}")
        if each.names:
            out.print(f"  for {', '.join(each.names)}")

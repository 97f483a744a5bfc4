"""`tls`: the certificates that HTTPS is served with."""

import click

from appliance.infrastructure.certificates import describe
from server.cli.context import JSON_OPTION, Home, console, print_json


@click.group()
def tls() -> None:
    """HTTPS: the machine's own certificate authority and its certificate."""


@tls.command()
@click.pass_obj
def init(home: Home) -> None:
    """Make the authority and the certificate, or renew what is outdated. It is done by itself when others are answered."""
    served = home.open().certificates()
    console().print(f"{served.certificate} is for {', '.join(describe(served.certificate).names)}.")
    if served.authority:
        console().print(f"The authority's SHA-256 is {describe(served.authority).fingerprint}.")


@tls.command()
@JSON_OPTION
@click.pass_obj
def show(home: Home, as_json: bool) -> None:
    """What HTTPS is served with: names, fingerprints, and when it ends."""
    served = home.open().certificates()
    found = {"certificate": describe(served.certificate)}
    if served.authority:
        found["authority"] = describe(served.authority)
    if as_json:
        print_json(found)
        return
    out = console()
    for name, each in found.items():
        out.print(f"[bold]{name}[/]: {each.subject}, until {each.expires_at:%d %B %Y}")
        out.print(f"  SHA-256 {each.fingerprint}")
        if each.names:
            out.print(f"  for {', '.join(each.names)}")

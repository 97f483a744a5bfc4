"""`users`: manage accounts from the command line. Every user of this machine who can write to the data folder may do this."""

import sys

import click
from rich.table import Table

from appliance.community.accounts import queries
from appliance.community.accounts.operations import password_changes, people, site_setup
from appliance.community.accounts.permissions import Role
from server.cli.context import JSON_OPTION, Home, console, print_json
from server.removal import remove_person
from server.words import day

_ROLES = click.Choice([role.value for role in Role if role is not Role.GUEST])
_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def users() -> None:
    """Manage users: the first administrator, accounts, roles, passwords."""


@users.command()
@click.option("--code", "only_code", is_flag=True, help="Print a new set-up code for the browser, and do nothing else.")
@click.option("--name", help="The administrator's name (default: the command asks for the name).")
@_password_stdin
@click.pass_obj
def setup(home: Home, only_code: bool, name: str | None, password_stdin: bool) -> None:
    """Create the administrator account without a browser."""
    appliance = home.open()
    if only_code:
        with appliance.appliance_db.write() as work:
            code = site_setup.new_setup_code(work)
        click.echo(code)
        return
    name = name or click.prompt("Your name")
    password = _password(from_stdin=password_stdin)
    account = site_setup.new_administrator(appliance.appliance_db.reader, name=name, password=password)
    with appliance.appliance_db.write() as work:
        person = site_setup.create_administrator(work, account, now=appliance.clock.time())
    click.echo(f"Created the administrator {person.name}. Other machines on the network can now connect.")


@users.command("list")
@JSON_OPTION
@click.pass_obj
def list_users(home: Home, as_json: bool) -> None:
    """List all users."""
    appliance = home.open()
    people = queries.people(appliance.appliance_db)
    if as_json:
        print_json({"people": people, "guests_may_read": queries.guests_may_read(appliance.appliance_db)})
        return
    table = Table("name", "username", "role", "since", box=None, header_style="bold")
    for person in people:
        table.add_row(person.name, person.login or "(class code)", person.role.value, day(person.created_at))
    console().print(table if people else "No users yet. Create the administrator with `lampstand users setup`.")


@users.command()
@click.argument("name")
@click.option("--login", default="", help="Username (default: NAME).")
@click.option("--role", type=_ROLES, default=Role.MEMBER.value, show_default=True)
@_password_stdin
@click.pass_obj
def add(home: Home, name: str, login: str, role: str, password_stdin: bool) -> None:
    """Create an account for NAME."""
    appliance = home.open()
    password = _password(from_stdin=password_stdin)
    account = people.new_account(name=name, login=login or name, password=password, role=Role(role))
    with appliance.appliance_db.write() as work:
        person = people.create(work, account, now=appliance.clock.time())
    click.echo(f"Created user {person.login} ({person.role.value}).")


@users.command()
@click.argument("login")
@click.argument("new_role", metavar="ROLE", type=_ROLES)
@click.pass_obj
def role(home: Home, login: str, new_role: str) -> None:
    """Change the role of the user LOGIN."""
    appliance = home.open()
    person = queries.person_named(appliance.appliance_db, login)
    with appliance.appliance_db.write() as work:
        person = people.set_role(work, person, Role(new_role), now=appliance.clock.time())
    click.echo(f"Changed the role of {person.name} to {new_role}.")


@users.command()
@click.argument("login")
@_password_stdin
@click.pass_obj
def password(home: Home, login: str, password_stdin: bool) -> None:
    """Set a new password for the user LOGIN and sign them out everywhere."""
    appliance = home.open()
    person = queries.person_named(appliance.appliance_db, login)
    password_hash = password_changes.new_password_hash(person, _password(from_stdin=password_stdin))
    with appliance.appliance_db.write() as work:
        password_changes.reset_password(work, person, password_hash, now=appliance.clock.time())
    click.echo(f"Set a new password for {person.name}.")


@users.command()
@click.argument("login")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def remove(home: Home, login: str, yes: bool) -> None:
    """Remove the user LOGIN and their questions and answers."""
    appliance = home.open()
    person = queries.person_named(appliance.appliance_db, login)
    if not yes:
        click.confirm(f"Remove {person.name} and all their data? This cannot be undone.", abort=True)
    with appliance.appliance_db.write() as work:
        remove_person(work, person, now=appliance.clock.time())
    click.echo(f"Removed {person.name}.")


@users.command()
@click.argument("access", type=click.Choice(["may-read", "may-not-read"]))
@click.pass_obj
def guests(home: Home, access: str) -> None:
    """Allow or forbid reading and searching without signing in."""
    appliance = home.open()
    with appliance.appliance_db.write() as work:
        people.set_guests_may_read(work, allowed=access == "may-read", now=appliance.clock.time())
    click.echo(
        "Guests can read and search." if access == "may-read" else "Only users who are signed in can read and search."
    )


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    entered: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return entered

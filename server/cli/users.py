"""`users`: the people of the house, from the machine's own shell. Whoever may write the data folder administers it."""

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
    """People: the first administrator, accounts, roles, passwords."""


@users.command()
@click.option("--code", "only_code", is_flag=True, help="Print a new set-up code for the browser instead.")
@click.option("--name", help="The administrator's name; asked for where it is not given.")
@_password_stdin
@click.pass_obj
def setup(home: Home, only_code: bool, name: str | None, password_stdin: bool) -> None:
    """Create the administrator, here and now; no browser is needed."""
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
    click.echo(f"{person.name} is the administrator. Other machines of the network are answered from now on.")


@users.command("list")
@JSON_OPTION
@click.pass_obj
def list_users(home: Home, as_json: bool) -> None:
    """Everyone of the house."""
    appliance = home.open()
    people = queries.people(appliance.appliance_db)
    if as_json:
        print_json({"people": people, "guests_may_read": queries.guests_may_read(appliance.appliance_db)})
        return
    table = Table("name", "signs in as", "role", "since", box=None, header_style="bold")
    for each in people:
        table.add_row(each.name, each.login or "(class code)", each.role.value, day(each.created_at))
    console().print(table if people else "Nobody yet. `lampstand users setup` creates the administrator.")


@users.command()
@click.argument("name")
@click.option("--login", default="", help="What they sign in as (default: the name).")
@click.option("--role", type=_ROLES, default=Role.MEMBER.value, show_default=True)
@_password_stdin
@click.pass_obj
def add(home: Home, name: str, login: str, role: str, password_stdin: bool) -> None:
    """Give NAME an account."""
    appliance = home.open()
    password = _password(from_stdin=password_stdin)
    account = people.new_account(name=name, login=login or name, password=password, role=Role(role))
    with appliance.appliance_db.write() as work:
        person = people.create(work, account, now=appliance.clock.time())
    click.echo(f"{person.name} may sign in as {person.login}, {person.role.value}.")


@users.command()
@click.argument("login")
@click.argument("new_role", metavar="ROLE", type=_ROLES)
@click.pass_obj
def role(home: Home, login: str, new_role: str) -> None:
    """Give the person who signs in as LOGIN another ROLE."""
    appliance = home.open()
    person = queries.person_named(appliance.appliance_db, login)
    with appliance.appliance_db.write() as work:
        person = people.set_role(work, person, Role(new_role), now=appliance.clock.time())
    click.echo(f"{person.name} is {'an' if new_role[0] == 'a' else 'a'} {new_role} now.")


@users.command()
@click.argument("login")
@_password_stdin
@click.pass_obj
def password(home: Home, login: str, password_stdin: bool) -> None:
    """Set the password of the person who signs in as LOGIN; they are signed out everywhere."""
    appliance = home.open()
    person = queries.person_named(appliance.appliance_db, login)
    password_hash = password_changes.new_password_hash(person, _password(from_stdin=password_stdin))
    with appliance.appliance_db.write() as work:
        password_changes.reset_password(work, person, password_hash, now=appliance.clock.time())
    click.echo(f"The new password of {person.name} is set.")


@users.command()
@click.argument("login")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(home: Home, login: str, yes: bool) -> None:
    """Remove the person who signs in as LOGIN, with their questions and answers."""
    appliance = home.open()
    person = queries.person_named(appliance.appliance_db, login)
    if not yes:
        click.confirm(f"Remove {person.name} and all that is theirs? This cannot be undone.", abort=True)
    with appliance.appliance_db.write() as work:
        remove_person(work, person, now=appliance.clock.time())
    click.echo(f"{person.name} is removed.")


@users.command()
@click.argument("may", type=click.Choice(["may-read", "may-not-read"]))
@click.pass_obj
def guests(home: Home, may: str) -> None:
    """Say whether whoever is not signed in may read and search."""
    appliance = home.open()
    with appliance.appliance_db.write() as work:
        people.let_guests_read(work, allowed=may == "may-read", now=appliance.clock.time())
    click.echo("Guests may read and search." if may == "may-read" else "Only who is signed in may read and search.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    entered: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return entered

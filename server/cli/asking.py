"""`ask`."""

import asyncio

import click
from rich.text import Text

from appliance.scripture.translations.translation import Translation
from appliance.study.answer import EventType, MessageState
from appliance.study.queries import message as read_message
from server.bootstrap import Appliance
from server.cli.context import JSON_OPTION, Home, console, print_json


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--translation", "-t", default="", help="The translation to quote.")
@JSON_OPTION
@click.pass_obj
def ask(home: Home, question: tuple[str, ...], translation: str, as_json: bool) -> None:
    """Answer a QUESTION from Bible passages. Prints the answer while it is generated."""
    appliance = home.open()
    quoted_translation = appliance.translations.choose(translation)
    asyncio.run(_ask(appliance, " ".join(question), quoted_translation, as_json=as_json))


async def _ask(appliance: Appliance, question: str, translation: Translation, *, as_json: bool) -> None:
    desk = appliance.answer_desk()
    message = await desk.ask(question, translation)
    out, error = console(), ""
    async for event in desk.log.follow(message.id, 0):
        if as_json:
            continue
        if event.type is EventType.TOKEN:
            click.echo(event.payload["text"], nl=False)
        elif event.type is EventType.SOURCES:
            sources = ", ".join(f"[{source['number']}] {source['reference']}" for source in event.payload["sources"])
            out.print(Text(f"Sources: {sources}\n", style="dim"))
        elif event.type is EventType.DONE:
            made_by = event.payload["made_by"]
            author = "Quoted passages only (no chat model)" if made_by == "extractive" else f"Written by {made_by}"
            out.print(
                Text(
                    f"\n{author}, in {event.payload['took_ms'] / 1000:.1f} s. {event.payload.get('notice') or ''}",
                    style="dim",
                )
            )
        else:
            # Do not exit yet: the answer is stored as failed before this loop ends.
            error = event.payload["message"]
    await desk.close()
    if as_json:
        stored = read_message(appliance.appliance_db, message.id)
        print_json(stored)
        raise click.exceptions.Exit(0 if stored.state is MessageState.DONE else 1)
    if error:
        raise click.ClickException(error)

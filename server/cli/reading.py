"""`read`, `search`."""

import click
import msgspec
from rich.text import Text

from appliance.scripture.canon import Testament
from appliance.scripture.references import parse_reference
from appliance.scripture.search.hits import MAX_LIMIT, Hit, Mode, Search
from appliance.scripture.translations import queries
from server.cli.context import JSON_OPTION, Home, console, notice_after, print_json

# If a search takes longer, a notice explains why.
NOTICE_AFTER_S = 1.0


@click.command()
@click.argument("reference", nargs=-1, required=True)
@click.option("--translation", "-t", default="", help="Comma-separated ids of translations.")
@JSON_OPTION
@click.pass_obj
def read(home: Home, reference: tuple[str, ...], translation: str, as_json: bool) -> None:
    """Print the passage of a REFERENCE, for example: lampstand read John 3:16-18."""
    appliance = home.open()
    passage_reference = parse_reference(" ".join(reference))
    rows = queries.passage(appliance.library, passage_reference, appliance.translations.choose_several(translation))
    if as_json:
        print_json(
            {
                "reference": str(passage_reference),
                "verses": [
                    {
                        "verse_id": row.verse_id,
                        "texts": {key: verse.text for key, verse in row.verses.items()},
                    }
                    for row in rows
                ],
            }
        )
        return
    out = console()
    out.print(Text(str(passage_reference), style="bold"))
    for row in rows:
        for key, verse in row.verses.items():
            _book, chapter, _number = verse.place
            label = f"{chapter}:{verse.label}" + (f" {key}" if len(row.verses) > 1 else "")
            out.print(Text.assemble((f"{label}  ", "dim"), verse.text))


@click.command("search")
@click.argument("query", nargs=-1, required=True)
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), default=Mode.HYBRID.value, show_default=True)
@click.option("--translation", "-t", default="", help="The translation to show.")
@click.option("--limit", "-n", type=click.IntRange(1, MAX_LIMIT), default=10, show_default=True)
@click.option("--testament", type=click.Choice([testament.value for testament in Testament]))
@click.option("--book", help="Search in this book only.")
@click.option("--range", "within", help="Search in this passage only, for example: Gen 1-11.")
@JSON_OPTION
@click.pass_obj
def search_command(
    home: Home,
    query: tuple[str, ...],
    mode: str,
    translation: str,
    limit: int,
    testament: str | None,
    book: str | None,
    within: str | None,
    as_json: bool,
) -> None:
    """Search for verses. QUERY can contain words, "phrases", a reference, or a description of the meaning."""
    appliance = home.open()
    search_request = Search(
        query=" ".join(query),
        mode=Mode(mode),
        translation=appliance.translations.choose(translation),
        limit=limit,
        book=book,
        testament=Testament(testament) if testament else None,
        within=within,
    )
    with notice_after(NOTICE_AFTER_S, "Loading the embedding model. It stays loaded for five minutes."):
        results = appliance.finder.search(search_request)
    if as_json:
        print_json(msgspec.to_builtins(results))
        return
    out = console()
    for hit in results.hits:
        out.print(Text.assemble((f"{hit.reference}  ", "bold"), _marked(hit)))
    if not results.hits:
        out.print("No matching verses.")
    if results.notice:
        out.print(Text(results.notice, style="dim"))


def _marked(hit: Hit) -> Text:
    text = Text(hit.text)
    for start, end in hit.highlights:
        text.stylize("yellow", start, end)
    return text

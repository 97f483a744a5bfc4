"""The search page. It works without JavaScript."""

from typing import Annotated
from urllib.parse import urlencode

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect, Template

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.scripture.canon import Testament
from appliance.scripture.references import book_named
from appliance.scripture.search.hits import Mode, Search
from appliance.scripture.search.named import named_reference, reference_error
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from server.http.access import rule
from server.http.rendering import TESTAMENT_NAMES, read_address
from server.http.threads import Kind, in_threads_for

PAGE_SIZE = 20


class SearchPagesController(Controller):
    path = "/search"
    include_in_schema = False
    opt = rule(Permission.READ)

    @get(sync_to_thread=True, opt=in_threads_for(Kind.SEARCH))
    def search(
        self,
        all_translations: NamedDependency[Translations],
        finder: NamedDependency[Finder],
        library: NamedDependency[Database],
        q: FromQuery[str] = "",
        mode: FromQuery[Mode] = Mode.HYBRID,
        translation: FromQuery[str] = "",
        testament: FromQuery[str] = "",
        book: FromQuery[str] = "",
        within: Annotated[str, QueryParameter(name="range")] = "",
        cursor: FromQuery[str] = "",
    ) -> Template | Redirect:
        current_translation = all_translations.choose(translation)
        reference = named_reference(q)
        if reference and mode is Mode.HYBRID and not cursor:
            return Redirect(read_address(current_translation.id, reference.start), status_code=303)
        chosen = {
            "q": q,
            "mode": mode.value,
            "translation": current_translation.id,
            "testament": testament,
            "book": book,
            "range": within,
        }
        finder.prepare()
        results = None
        book_by_name = book_named(q) if mode is Mode.HYBRID else None
        if q.strip():
            search = Search(
                query=q,
                mode=mode,
                translation=current_translation,
                limit=PAGE_SIZE,
                cursor=cursor or None,
                testament=Testament(testament) if testament in set(Testament) else None,
                book=book or None,
                within=within or None,
            )
            results = finder.search(search)
        return Template(
            "search.html",
            context={
                "q": q,
                "book_by_name": book_by_name,
                "doubt": reference_error(q),
                "chosen": chosen,
                "results": results,
                "modes": list(Mode),
                "testaments": TESTAMENT_NAMES,
                "translations": queries.translations(library),
                "translation": current_translation,
                "voted": results is not None and any(hit.why.voted_topic for hit in results.hits),
                "address": lambda **changes: "/search?" + urlencode({k: v for k, v in (chosen | changes).items() if v}),
            },
        )

"""Compare the search of the working tree with that of an earlier commit, on copies of one data folder.

    python -m rank_check BASE --home FOLDER

500 queries, every mode, with and without cross references: each answer must have the same verses in the same order, scores
within 1e-4 and the same notice; 50 queries must have the same features. In semantic mode, verses with cosines that 32 bits do
not tell apart may change places. Ends with exit status 1 where something differs.
The folder needs WEB, KJV, RV1909, Nave's topics, the commentaries, cross references, and a complete index.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
from fakes.serving import free_port
from rank_check.queries import Query, make_queries
from rank_check.stored_vectors import StoredVectors, serving_vectors
from rank_check.versions import Version, checked_out, copy_work_tree

from appliance.scripture.search.hits import Mode

REPOSITORY = Path(__file__).parents[2]
LIMIT, TOLERANCE, FEATURE_QUERIES = 20, 1e-4, 50
# The API gives six digits; cosines of 32 bits are off by as much.
EQUAL_COSINES = 2.5e-6
# Differences that are printed one by one.
SHOWN = 20


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("base", metavar="BASE", help="The commit to compare with.")
    arguments.add_argument("--home", type=Path, required=True, help="A data folder with the full library.")
    arguments.add_argument(
        "--vectors", type=Path, default=REPOSITORY / ".rank-check/vectors", help="The file of stored query vectors."
    )
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = _compare(given.base, given.home.absolute(), given.vectors, Path(scratch))
    for line in found[:SHOWN]:
        print(line)
    print(f"{len(found)} differences" if found else "no difference")
    return 1 if found else 0


def _compare(base: str, original: Path, file: Path, scratch: Path) -> list[str]:
    vectors = StoredVectors(file, next(original.glob("models/*-onnx")))
    differences: list[str] = []
    with checked_out(REPOSITORY, base, scratch / "source") as source, serving_vectors(vectors) as address:
        versions = [
            Version(base, source, scratch / "base", address),
            Version("work tree", copy_work_tree(REPOSITORY, scratch / "work tree"), scratch / "new", address),
        ]
        for version in versions:
            version.copy(original)
        queries = make_queries(scratch / "new")
        for cross_references in (True, False):
            for version in versions:
                version.prepare(cross_references=cross_references)
            label = "with cross references" if cross_references else "without cross references"
            differences += [f"{label}, {each}" for each in _differences(versions, queries, scratch)]
            print(f"{label}: {len(queries)} queries in {len(Mode)} modes compared", file=sys.stderr)
    vectors.save()
    return differences


def _differences(versions: list[Version], queries: list[Query], scratch: Path) -> Iterator[str]:
    with ExitStack() as stack, ThreadPoolExecutor(len(versions)) as threads:
        clients = [stack.enter_context(version.serving(free_port())) for version in versions]
        for mode in Mode:
            old, new = threads.map(lambda client, mode=mode: [_search(client, each, mode) for each in queries], clients)
            for query, one, other in zip(queries, old, new, strict=True):
                if difference := _answers_differ(one, other):
                    yield f"{mode} {msgspec.json.encode(query).decode()}: {difference}"
    file = scratch / "queries.txt"
    sampled = queries[:: len(queries) // FEATURE_QUERIES][:FEATURE_QUERIES]
    file.write_text("\n".join(each.q for each in sampled), encoding="utf-8")
    old, new = (version.features(file) for version in versions)
    for one, other in zip(old, new, strict=True):
        if difference := _features_differ(one, other):
            yield f"features of {one['query']!r}: {difference}"


def _search(client: httpx.Client, query: Query, mode: Mode) -> dict[str, Any]:
    parameters = {"q": query.q, "mode": mode.value, "translation": query.translation, "limit": LIMIT}
    if query.testament:
        parameters["testament"] = query.testament.value
    answer = client.get("/search", params=parameters)
    return {"status": answer.status_code, **msgspec.json.decode(answer.content)}


def _answers_differ(one: dict[str, Any], other: dict[str, Any]) -> str:
    if one["status"] != other["status"]:
        return f"status {one['status']} and {other['status']} ({other.get('detail', '')})"
    if one.get("notice") != other.get("notice"):
        return f"notice {one.get('notice')!r} and {other.get('notice')!r}"
    hits, others = one.get("hits", []), other.get("hits", [])
    verses, other_verses = (_in_order(each, one.get("mode") == Mode.SEMANTIC) for each in (hits, others))
    if verses != other_verses:
        place = next((at for at, pair in enumerate(zip(verses, other_verses, strict=False)) if pair[0] != pair[1]), 0)
        return f"verses from place {place + 1}: {verses[place : place + 4]} and {other_verses[place : place + 4]}"
    return _numbers_differ([hit["score"] for hit in hits], [hit["score"] for hit in others])


def _in_order(hits: list[dict[str, Any]], by_cosine: bool) -> list[int]:
    """The verses of hits; those with cosines that 32 bits do not tell apart go by their ids."""
    verses: list[int] = []
    same: list[int] = []
    for hit, previous in zip(hits, [None, *hits], strict=False):
        if not (by_cosine and previous and previous["score"] - hit["score"] < EQUAL_COSINES):
            verses += sorted(same)
            same = []
        same.append(hit["verse_id"])
    return verses + sorted(same)


def _features_differ(one: dict[str, Any], other: dict[str, Any]) -> str:
    for part in ("columns", "verse_ids"):
        if one[part] != other[part]:
            return f"other {part}"
    for verse, row, other_row in zip(one["verse_ids"], one["rows"], other["rows"], strict=True):
        if difference := _numbers_differ(row, other_row):
            return f"verse {verse}: {difference}"
    return ""


def _numbers_differ(some: Sequence[float], others: Sequence[float]) -> str:
    pairs = zip(some, others, strict=True)
    return next((f"{one} and {other}" for one, other in pairs if abs(one - other) > TOLERANCE), "")


if __name__ == "__main__":
    sys.exit(main())

"""Compare search results of the working tree with search results of an earlier commit, on copies of one data folder.

    python -m rank_check BASE --home FOLDER

Both versions run 500 queries in every mode, with and without cross references. For each query both answers must have the
same verses in the same order, the same notice, and scores that differ by at most 1e-4. For 50 queries the features must
be the same. In semantic mode, verses whose cosines are equal in 32 bits may be in another order. The exit status is 1 if
there is a difference.
The data folder needs WEB, KJV, RV1909, Nave's topics, the commentaries, cross references, and a complete index.
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
# Cosines that differ by at most this count as equal. The API rounds scores to six digits, and the rounding error of
# 32-bit cosines is about as large.
EQUAL_COSINES = 2.5e-6
# Maximum number of differences to print.
MAX_PRINTED = 20


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("base", metavar="BASE", help="The commit to compare with.")
    arguments.add_argument("--home", type=Path, required=True, help="A data folder with the full library.")
    arguments.add_argument(
        "--vectors", type=Path, default=REPOSITORY / ".rank-check/vectors", help="The file of stored query vectors."
    )
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        differences = _compare(options.base, options.home.absolute(), options.vectors, Path(folder))
    for line in differences[:MAX_PRINTED]:
        print(line)
    print(f"{len(differences)} differences" if differences else "no difference")
    return 1 if differences else 0


def _compare(base: str, original: Path, vectors_file: Path, folder: Path) -> list[str]:
    vectors = StoredVectors(vectors_file, next(original.glob("models/*-onnx")))
    differences: list[str] = []
    with checked_out(REPOSITORY, base, folder / "source") as source, serving_vectors(vectors) as address:
        versions = [
            Version(base, source, folder / "base", address),
            Version("work tree", copy_work_tree(REPOSITORY, folder / "work tree"), folder / "new", address),
        ]
        for version in versions:
            version.copy(original)
        queries = make_queries(folder / "new")
        for cross_references in (True, False):
            for version in versions:
                version.prepare(cross_references=cross_references)
            label = "with cross references" if cross_references else "without cross references"
            differences += [f"{label}, {difference}" for difference in _differences(versions, queries, folder)]
            print(f"{label}: {len(queries)} queries in {len(Mode)} modes compared", file=sys.stderr)
    vectors.save()
    return differences


def _differences(versions: list[Version], queries: list[Query], folder: Path) -> Iterator[str]:
    with ExitStack() as stack, ThreadPoolExecutor(len(versions)) as threads:
        clients = [stack.enter_context(version.serving(free_port())) for version in versions]
        for mode in Mode:
            old, new = threads.map(
                lambda client, mode=mode: [_search(client, query, mode) for query in queries], clients
            )
            for query, old_answer, new_answer in zip(queries, old, new, strict=True):
                if difference := _answer_difference(old_answer, new_answer):
                    yield f"{mode} {msgspec.json.encode(query).decode()}: {difference}"
    file = folder / "queries.txt"
    sample = queries[:: len(queries) // FEATURE_QUERIES][:FEATURE_QUERIES]
    file.write_text("\n".join(query.q for query in sample), encoding="utf-8")
    old, new = (version.features(file) for version in versions)
    for old_features, new_features in zip(old, new, strict=True):
        if difference := _feature_difference(old_features, new_features):
            yield f"features of {old_features['query']!r}: {difference}"


def _search(client: httpx.Client, query: Query, mode: Mode) -> dict[str, Any]:
    parameters = {"q": query.q, "mode": mode.value, "translation": query.translation, "limit": LIMIT}
    if query.testament:
        parameters["testament"] = query.testament.value
    answer = client.get("/search", params=parameters)
    return {"status": answer.status_code, **msgspec.json.decode(answer.content)}


def _answer_difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Describe the first difference between two answers. Return an empty string if the answers are equal."""
    if old["status"] != new["status"]:
        return f"status {old['status']} and {new['status']} ({new.get('detail', '')})"
    if old.get("notice") != new.get("notice"):
        return f"notice {old.get('notice')!r} and {new.get('notice')!r}"
    old_hits, new_hits = old.get("hits", []), new.get("hits", [])
    old_verses, new_verses = (_verse_order(hits, old.get("mode") == Mode.SEMANTIC) for hits in (old_hits, new_hits))
    if old_verses != new_verses:
        pairs = enumerate(zip(old_verses, new_verses, strict=False))
        index = next((index for index, (old_verse, new_verse) in pairs if old_verse != new_verse), 0)
        return f"verses from rank {index + 1}: {old_verses[index : index + 4]} and {new_verses[index : index + 4]}"
    return _number_difference([hit["score"] for hit in old_hits], [hit["score"] for hit in new_hits])


def _verse_order(hits: list[dict[str, Any]], by_cosine: bool) -> list[int]:
    """The verse ids of search hits, in order. Verses whose cosines are equal in 32 bits are sorted by id."""
    verses: list[int] = []
    equal_verses: list[int] = []
    for hit, previous in zip(hits, [None, *hits], strict=False):
        if not (by_cosine and previous and previous["score"] - hit["score"] < EQUAL_COSINES):
            verses += sorted(equal_verses)
            equal_verses = []
        equal_verses.append(hit["verse_id"])
    return verses + sorted(equal_verses)


def _feature_difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    for part in ("columns", "verse_ids"):
        if old[part] != new[part]:
            return f"other {part}"
    for verse, old_row, new_row in zip(old["verse_ids"], old["rows"], new["rows"], strict=True):
        if difference := _number_difference(old_row, new_row):
            return f"verse {verse}: {difference}"
    return ""


def _number_difference(old_numbers: Sequence[float], new_numbers: Sequence[float]) -> str:
    pairs = zip(old_numbers, new_numbers, strict=True)
    return next((f"{old} and {new}" for old, new in pairs if abs(old - new) > TOLERANCE), "")


if __name__ == "__main__":
    sys.exit(main())

"""What is declared of a kind of job."""

import msgspec
import pytest
from fakes.job_kinds import Labelled, done_by, kind_of, never

from appliance.infrastructure.jobs.kind import JobKind, JobKinds, JobKindUnknown, NoArguments


def test_a_title_is_a_sentence_or_is_made_of_the_arguments() -> None:
    fixed = JobKind("graph", never, title="Build the graph")
    made = JobKind("import", never, title=lambda arguments: f"Import {arguments.label}", arguments=Labelled)

    assert ("Build the graph", "Import WEB") == (fixed.title_of(NoArguments()), made.title_of(Labelled(label="WEB")))


def test_kinds_are_found_by_their_names() -> None:
    ocr = kind_of("read", queue="ocr")
    kinds = JobKinds([kind_of("import"), ocr])

    assert ocr is kinds.named("read")
    assert (frozenset({"import"}), frozenset({"read"})) == (kinds.of_queue("library"), kinds.of_queue("ocr"))


def test_an_unknown_kind_is_answered_with_those_that_can_be_started() -> None:
    kinds = JobKinds([kind_of("import", on_request=True), kind_of("tidy")])

    with pytest.raises(JobKindUnknown, match="started: import") as raised:
        kinds.named("improt")

    assert "'improt'" in raised.value.message


def test_another_function_leaves_the_kind_itself_as_it_is() -> None:
    kind = kind_of("import", heavy=True)
    (other,) = done_by(kind, lambda _context, arguments: arguments.label)

    assert never is kind.function
    assert (True, "import") == (other.heavy, other.name)


def test_a_later_kind_takes_the_place_of_one_of_the_same_name() -> None:
    first, second = kind_of("import"), kind_of("import", short=True)

    assert [second] == list(JobKinds([first]).with_more([second]))


def test_arguments_are_checked_when_a_job_is_done() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"label": 1}, Labelled)

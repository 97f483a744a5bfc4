"""Declarations of job kinds."""

import msgspec
import pytest
from fakes.job_kinds import Labelled, done_by, kind_of, never

from appliance.infrastructure.jobs.kind import JobKind, JobKinds, JobKindUnknown, NoArguments


def test_a_title_is_a_text_or_is_built_from_the_arguments() -> None:
    fixed = JobKind("graph", never, title="Build the graph")
    built = JobKind("import", never, title=lambda arguments: f"Import {arguments.label}", arguments=Labelled)

    assert ("Build the graph", "Import WEB") == (fixed.title_of(NoArguments()), built.title_of(Labelled(label="WEB")))


def test_kinds_are_found_by_name() -> None:
    ocr = kind_of("read", queue="ocr")
    kinds = JobKinds([kind_of("import"), ocr])

    assert ocr is kinds.named("read")
    assert (frozenset({"import"}), frozenset({"read"})) == (kinds.of_queue("library"), kinds.of_queue("ocr"))


def test_the_error_for_an_unknown_kind_lists_the_kinds_that_can_be_started() -> None:
    kinds = JobKinds([kind_of("import", on_request=True), kind_of("tidy")])

    with pytest.raises(JobKindUnknown, match="You can start: import") as raised:
        kinds.named("improt")

    assert "'improt'" in raised.value.message


def test_with_function_does_not_change_the_original_kind() -> None:
    kind = kind_of("import", heavy=True)
    (changed_kind,) = done_by(kind, lambda _context, arguments: arguments.label)

    assert never is kind.function
    assert (True, "import") == (changed_kind.heavy, changed_kind.name)


def test_a_later_kind_replaces_an_earlier_one_with_the_same_name() -> None:
    first, second = kind_of("import"), kind_of("import", short=True)

    assert [second] == list(JobKinds([first]).with_more([second]))


def test_arguments_are_checked_when_a_job_runs() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"label": 1}, Labelled)

"""Job events contain the job as users see it."""

from fakes.job_kinds import Labelled, kind_of

from appliance.infrastructure.jobs.events import EVENT_OF_STATE, JobProgressEvent, job_event
from appliance.infrastructure.jobs.job import JobView, State, view_job
from server.bootstrap import Appliance


def test_every_state_has_its_own_event_type() -> None:
    assert set(State) == EVENT_OF_STATE.keys()
    assert len(State) == len({event_type.event_kind for event_type in EVENT_OF_STATE.values()})


def test_a_job_event_has_the_fields_of_the_job_view(appliance: Appliance) -> None:
    job = appliance.jobs.create(kind_of("k"), Labelled(title="Index"), started_by="person:1")
    event = job_event(JobProgressEvent, job, now=job.created_at)
    view = view_job(job, job.created_at)

    assert "job.progress" == event.event_kind
    assert [getattr(view, name) for name in JobView.__struct_fields__] == [
        getattr(event, name) for name in JobView.__struct_fields__
    ]

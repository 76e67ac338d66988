import pytest
from celery.beat import ScheduleEntry
from kombu.exceptions import OperationalError

from opendialogue.celery import StubbornScheduler, app


@pytest.fixture
def ran():
    calls = []

    @app.task(name="tests.sweep")
    def sweep():
        calls.append("ran here")

    yield calls
    app.tasks.pop("tests.sweep")


@pytest.fixture
def entry():
    return ScheduleEntry(name="sweep", task="tests.sweep", schedule=2, app=app)


def test_wakes_by_the_broker(ran, entry, monkeypatch):
    monkeypatch.setattr(app.tasks["tests.sweep"], "apply_async", lambda *args, **kwargs: "sent")
    assert StubbornScheduler(app=app, lazy=True).apply_async(entry, advance=False) == "sent"
    assert ran == []


@pytest.mark.django_db
def test_sweeps_itself_while_the_broker_is_out_of_reach(ran, entry, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("refused")

    monkeypatch.setattr(app.tasks["tests.sweep"], "apply_async", fail)
    StubbornScheduler(app=app, lazy=True).apply_async(entry, advance=False)
    assert ran == ["ran here"]


def test_every_sweep_exists_and_expires_before_the_next(settings):
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] == entry["schedule"]

import threading
from datetime import timedelta

import pytest
from celery.beat import ScheduleEntry
from django.utils import timezone
from kombu.exceptions import OperationalError

from network.models import Heartbeat
from opendialogue.celery import PARTS, StubbornScheduler, _say_that_beat_lives, app
from tests.conftest import role


@pytest.fixture
def ran():
    calls = []

    @app.task(name="tests.sweep")
    def sweep():
        calls.append("ran here")

    yield calls
    app.tasks.pop("tests.sweep")
    StubbornScheduler.at_work.clear()


@pytest.fixture
def entry():
    return ScheduleEntry(name="sweep", task="tests.sweep", schedule=2, app=app)


@pytest.fixture
def scheduler():
    return StubbornScheduler(app=app, lazy=True)


@pytest.fixture
def broker(monkeypatch):
    """A broker that takes what it is given; what that was."""
    given = []
    monkeypatch.setattr(app.tasks["tests.sweep"], "apply_async", lambda *args, **kwargs: given.append("woken"))
    return given


def wait_for(scheduler):
    for thread in scheduler.at_work.values():
        thread.join(60)


def test_wakes_by_the_broker(ran, entry, scheduler, broker):
    scheduler.apply_async(entry, advance=False)
    assert (broker, ran) == (["woken"], [])


def test_sweeps_itself_while_the_broker_is_out_of_reach(ran, entry, scheduler, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("refused")

    monkeypatch.setattr(app.tasks["tests.sweep"], "apply_async", fail)
    scheduler.apply_async(entry, advance=False)
    wait_for(scheduler)
    assert ran == ["ran here"]


def test_sweeps_itself_while_no_worker_does(ran, entry, scheduler, broker, monkeypatch):
    monkeypatch.setitem(PARTS, "tests.sweep", "sweep")
    scheduler.asleep = {"sweep"}
    scheduler.apply_async(entry, advance=False)
    wait_for(scheduler)
    assert (broker, ran) == (["woken"], ["ran here"])
    scheduler.asleep = {"sender"}
    scheduler.apply_async(entry, advance=False)
    wait_for(scheduler)
    assert (broker, ran) == (["woken", "woken"], ["ran here"])


def test_what_still_runs_is_not_begun_again(ran, scheduler):
    go_on = threading.Event()
    busy = threading.Thread(target=go_on.wait, args=(60,))
    busy.start()
    scheduler.at_work["tests.sweep"] = busy
    scheduler.run_here("tests.sweep")
    assert (ran, scheduler.at_work["tests.sweep"]) == ([], busy)
    go_on.set()
    busy.join(60)
    scheduler.run_here("tests.sweep")
    wait_for(scheduler)
    assert ran == ["ran here"]


@pytest.mark.django_db
def test_beat_says_that_it_lives_and_hears_who_does_not(monkeypatch):
    monkeypatch.setattr("opendialogue.celery.close_old_connections", lambda: None)  # it is the test's own
    for name, seconds in (("sweep", 60), ("sender", -60)):
        Heartbeat.objects.create(name=name, at=timezone.now() - timedelta(seconds=seconds))
    with role("od_clock"):
        assert _say_that_beat_lives() == {"sweep"}
    assert Heartbeat.objects.get(name="beat").at


def test_every_sweep_exists_and_expires_before_the_next(settings):
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] == entry["schedule"]

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from network.models import Heartbeat
from opendialogue import health


def test_process_answers_without_the_database(client, monkeypatch):
    monkeypatch.setattr(connection, "cursor", None)
    from django.test import Client

    response = Client().get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def beats(**changes):
    for name in ("sweep", "sender", "beat"):
        Heartbeat.objects.create(name=name, at=timezone.now() - timedelta(seconds=changes.get(name, 0)))


@pytest.mark.django_db
def test_ready_only_while_the_clock_runs(client):
    silent = {"database": "ok", "broker": "ok", "clock": "beat_silent, sender_silent, sweep_silent"}
    assert (client.get("/readyz").json(), client.get("/readyz").status_code) == (silent, 503)
    beats()
    assert (client.get("/readyz").json()["clock"], client.get("/readyz").status_code) == ("ok", 200)


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["sweep", "sender", "beat"])
def test_each_part_that_falls_silent_is_named(client, part):
    beats(**{part: 31})
    assert client.get("/readyz").json()["clock"] == f"{part}_silent"


@pytest.mark.django_db
def test_a_sweep_that_sees_less_than_there_is(client):
    beats()
    Heartbeat.objects.filter(name="sweep").update(saw=1, expected=3)
    assert client.get("/readyz").json()["clock"] == "sweep_blind"


@pytest.mark.django_db
def test_check_clock_says_it_in_one_line_and_by_its_exit_status(capsys):
    with pytest.raises(CommandError) as stopped:
        call_command("check_clock")
    assert stopped.value.returncode == 2
    assert "sweep silent" in str(stopped.value)
    assert "\n" not in str(stopped.value)
    beats()
    call_command("check_clock")
    assert capsys.readouterr().out == "clock: ok\n"


@pytest.mark.django_db
def test_the_dead_man_hears_only_while_all_is_well(settings, monkeypatch):
    called = []
    settings.DEADMAN_URL = "https://deadman.example/abc"
    monkeypatch.setattr(health.urllib.request, "urlopen", lambda url, timeout: called.append(url) or io.BytesIO())
    health.ping()
    assert called == []
    beats()
    health.ping()
    assert called == ["https://deadman.example/abc"]


def test_broker_out_of_reach(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert health._broker() == "out of reach"


def test_database_out_of_reach(monkeypatch):
    def fail():
        raise OperationalError

    monkeypatch.setattr(health.connection, "cursor", fail)
    assert health._database() == "out of reach"

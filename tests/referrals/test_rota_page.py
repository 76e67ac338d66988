"""The page of the rota: who sees it, who plans, who swaps, and what it warns of."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from network.models import StaffChannel
from referrals import rota
from referrals.models import OnCall
from tests.factories import hours, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def page(response):
    return " ".join(response.content.decode().split())


def make_turn(staff, role="clinician", begin=-1, end=20, **extra):
    now = timezone.now()
    period = DateTimeTZRange(now + hours(begin), now + hours(end))
    return OnCall.objects.create(service=staff.service, role=role, staff=staff, period=period, **extra)


def typed(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def wanted(staff, begin=24, end=32, **more):
    now = timezone.now()
    return {
        "role": "clinician", "staff": staff.pk, "begin": typed(now + hours(begin)), "end": typed(now + hours(end)), "repeat": ""
    } | more  # fmt: skip


def test_everybody_of_the_service_sees_the_week_and_only_planners_plan(cast, client):
    make_turn(cast.clinician1)
    client.force_login(cast.clinician2.user)
    seen = page(client.get(reverse("on_call")))
    assert "Leena" in seen
    assert "Plan turns" not in seen
    assert "/swap/" not in seen
    assert client.post(reverse("on_call"), wanted(cast.clinician2)).status_code == 403
    client.force_login(cast.coordinator.user)
    assert "Plan turns" in page(client.get(reverse("on_call")))
    client.force_login(cast.coordinator2.user)
    assert "Leena" not in page(client.get(reverse("on_call")))
    client.force_login(cast.person.user)
    assert client.get(reverse("on_call")).status_code == 404


def test_an_empty_rota_says_who_stands_in(cast, client):
    client.force_login(cast.coordinator.user)
    seen = page(client.get(reverse("on_call")))
    assert "In the next seven days" in seen
    assert "Coordinator on duty: by e-mail only" in seen
    assert ": <bdi>Aino</bdi>" in seen
    assert "Nobody’s turn" in seen
    assert "Nothing was swapped in this week." in seen


def test_where_somebody_only_stands_in_is_said(cast, client):
    for staff in (cast.coordinator, cast.clinician1):
        StaffChannel.objects.create(staff=staff, service=cast.service, kind="sms", address="+358405550134")
    make_turn(cast.clinician1, end=24 * 8)
    first = make_turn(cast.coordinator, "coordinator", end=48)
    client.force_login(cast.clinician2.user)
    seen = page(client.get(reverse("on_call")))
    assert "Coordinator on duty: nobody’s turn, somebody stands in" in seen
    assert "<bdi>Aino</bdi> stands in" in seen
    assert "by e-mail only" not in seen
    rest = DateTimeTZRange(first.period.upper, first.period.upper + hours(24 * 8))
    OnCall.objects.create(service=cast.service, role="coordinator", staff=cast.coordinator, period=rest)
    assert "In the next seven days" not in page(client.get(reverse("on_call")))


def test_the_week_in_which_the_clocks_change(cast, client):
    """Saturday night has eleven hours, and Sunday begins at eight on the wall as every other day."""

    def at(day, hour):
        return datetime(2027, 3, day, hour, tzinfo=ZoneInfo("Europe/Helsinki"))

    for n, staff in enumerate((cast.coordinator, cast.clinician1)):
        StaffChannel.objects.create(staff=staff, service=cast.service, kind="sms", address=f"+35840555013{n}")
    week = DateTimeTZRange(at(22, 8), at(30, 8))
    OnCall.objects.create(service=cast.service, role="coordinator", staff=cast.coordinator, period=week)
    for day in range(22, 30):
        night = DateTimeTZRange(at(day, 20), at(day + 1, 8))
        OnCall.objects.create(service=cast.service, role="clinician", staff=cast.clinician1, period=night)
    found = rota.gaps(cast.service, at(22, 20), at(29, 20))
    assert [(gap.role, gap.what, gap.starts_at, gap.ends_at) for gap in found] == [
        ("clinician", "stands_in", at(day, 8), at(day, 20)) for day in range(23, 30)
    ]
    night = found[5].starts_at - found[4].ends_at
    assert night == hours(11)
    with time_machine.travel(at(24, 22).astimezone(UTC), tick=False):
        client.force_login(cast.coordinator.user)
        seen = page(client.get(reverse("on_call")))
    sunday = '<time datetime="2027-03-28T08:00:00+03:00">Sunday 08:00</time> to <time datetime="2027-03-28T20:00:00+03:00">20:00</time>'
    saturday = '<time datetime="2027-03-27T08:00:00+02:00">Saturday 08:00</time> to <time datetime="2027-03-27T20:00:00+02:00">20:00</time>'
    assert sunday in seen
    assert saturday in seen
    night = (
        'Sat 27 Mar <time datetime="2027-03-27T20:00:00+02:00">20:00</time>'
        ' to Sun 28 Mar <time datetime="2027-03-28T08:00:00+03:00">08:00</time>'
    )
    assert night in seen


def test_a_duty_taken_over_goes_through_the_rota(cast, client):
    turn = make_turn(cast.coordinator, "coordinator")
    client.force_login(cast.lead.user)
    assert "as the rota has it" in page(client.get("/duty/"))
    assert client.post("/duty/", {"on_duty": cast.coordinator.pk}).status_code == 302  # as it is: nothing is swapped
    assert OnCall.objects.standing().get() == turn
    assert client.post("/duty/", {"on_duty": cast.lead.pk}).status_code == 302
    turn.refresh_from_db()
    assert turn.replaced_by == cast.lead
    assert "<bdi>Leo</bdi></b> · that is you" in page(client.get("/duty/"))


def test_a_turn_and_a_week_of_turns(cast, client):
    client.force_login(cast.lead.user)
    answer = client.post(reverse("on_call"), wanted(cast.clinician1, begin=24 * 8, end=24 * 8 + 8))
    assert answer.status_code == 302
    assert "Leena" in page(client.get(answer["Location"]))
    answer = client.post(reverse("on_call"), wanted(cast.lead, role="coordinator", repeat="daily"))
    assert answer.status_code == 302
    turns = list(OnCall.objects.filter(role="coordinator").order_by("period"))
    assert len(turns) == 7
    starts = [timezone.localtime(turn.period.lower) for turn in turns]
    assert {(start.hour, start.minute) for start in starts} == {(starts[0].hour, starts[0].minute)}
    assert (starts[6].date() - starts[0].date()).days == 6


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"role": ""}, "Choose which duty."),
        ({"staff": "0"}, "Choose somebody who works here."),
        ({"begin": "soon"}, "Write a day and a time"),
        ({"end": "2001-01-01T08:00"}, "A turn ends after it begins."),
        ({"begin": "2001-01-01T08:00", "end": "2001-01-02T08:00"}, "This is over, and stays as it was."),
        ({"role": "coordinator"}, "Only a coordinator or lead is on duty"),
        ({"end": "2190-01-01T08:00", "repeat": "daily"}, "a turn takes a day at most"),
    ],
)
def test_what_does_not_fit_is_said_and_the_typed_stays(cast, client, more, sentence):
    client.force_login(cast.coordinator.user)
    data = wanted(cast.clinician1) | more
    answer = client.post(reverse("on_call"), data)
    assert answer.status_code == 200
    assert sentence in page(answer)
    assert f'value="{data["begin"]}"' in page(answer)
    assert not OnCall.objects.exists()


def test_of_a_week_of_turns_all_or_none(cast, client):
    make_turn(cast.clinician2, begin=24 * 3, end=24 * 3 + 12)
    client.force_login(cast.coordinator.user)
    answer = client.post(reverse("on_call"), wanted(cast.clinician1, repeat="daily"))
    assert "Somebody else is on call then." in page(answer)
    assert OnCall.objects.count() == 1


def test_each_swaps_their_own_and_planners_any(cast, client):
    turn = make_turn(cast.clinician1)
    path = reverse("swap_turn", args=[turn.uuid])
    for who in (cast.clinician2, cast.coordinator2, cast.person):
        client.force_login(who.user)
        assert client.get(path).status_code == client.post(path, {"staff": cast.clinician2.pk}).status_code == 404
    client.force_login(cast.clinician1.user)
    assert "Swap<span" in page(client.get(reverse("on_call")))
    seen = page(client.get(path))
    assert "Take this turn out" not in seen
    assert client.post(reverse("take_out_turn", args=[turn.uuid])).status_code == 404
    assert client.post(path, {"staff": cast.clinician2.pk, "why": "A train"}).status_code == 302
    seen = page(client.get(reverse("on_call")))
    assert "A train" in seen
    assert "<bdi>Mikko</bdi> took" in seen
    assert client.get(path).status_code == 404  # swapped: the new turn is another one


def test_a_part_that_is_not_within_the_turn_is_said(cast, client):
    turn = make_turn(cast.clinician1)
    client.force_login(cast.coordinator.user)
    path = reverse("swap_turn", args=[turn.uuid])
    late = typed(timezone.now() + hours(100))
    answer = client.post(path, {"staff": cast.clinician2.pk, "begin": late, "why": "A train"})
    assert "That is not within this turn." in page(answer)
    assert 'value="A train"' in page(answer)
    assert "They have this turn already." in page(client.post(path, {"staff": cast.clinician1.pk}))
    assert "Only a coordinator or lead is on duty" in page(client.post(path, {"staff": cast.coordinator.pk}))
    assert OnCall.objects.standing().get() == turn


def test_a_turn_taken_out_leaves_its_history(cast, client):
    turn = make_turn(cast.clinician1, begin=1)
    client.force_login(cast.coordinator.user)
    assert client.get(reverse("take_out_turn", args=[turn.uuid])).status_code == 405
    assert client.post(reverse("take_out_turn", args=[turn.uuid]), {"out-why": "Ill chosen"}).status_code == 302
    assert not OnCall.objects.standing().exists()
    day = turn.period.lower.astimezone(ZoneInfo(cast.service.time_zone)).date().isoformat()
    seen = page(client.get(reverse("on_call"), {"week": day}))
    assert "It was taken out." in seen
    assert "Ill chosen" in seen


@pytest.mark.parametrize("week", ["", "never", "0001-01-01", "9999-12-31", "2026-13-01", "20\x00"])
def test_a_week_that_is_none_is_this_one(cast, client, week):
    client.force_login(cast.coordinator.user)
    answer = client.get(reverse("on_call"), {"week": week})
    assert answer.status_code == 200
    assert "This week <span" in page(answer)


def test_another_week(cast, client):
    client.force_login(cast.coordinator.user)
    asked = (timezone.localdate() + timedelta(days=14)).isoformat()
    seen = page(client.get(reverse("on_call"), {"week": asked}))
    assert "Week of" in seen
    assert "Leena had it" not in seen


def test_few_queries_whatever_the_week(cast, client):
    client.force_login(cast.coordinator.user)

    def count():
        client.get(reverse("on_call"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("on_call"))
        own = ("SAVEPOINT", "RELEASE", "SET ROLE", "SELECT current_user")
        return len([query for query in queries if not query["sql"].startswith(own)])

    first = make_turn(cast.clinician1, begin=-1, end=-0.5)
    OnCall.objects.filter(pk=first.pk).update(replaced_at=timezone.now(), replaced_by=cast.coordinator)
    make_turn(cast.clinician1, end=0.5)
    few = count()
    for n in range(1, 12):
        make_turn(cast.clinician2 if n % 2 else cast.clinician1, begin=n, end=n + 0.5)
        make_turn(cast.coordinator, "coordinator", begin=n, end=n + 0.5)
    assert count() == few <= 8

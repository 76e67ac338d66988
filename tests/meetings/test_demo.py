"""The demo network: made once, whole, and seen only by those it belongs to."""

import io

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.management import CommandError, call_command

from meetings.models import Line, Meeting
from network.models import Network, Reading, Service, Staff, User
from referrals.models import Case
from tests.conftest import acting_as, role

pytestmark = pytest.mark.django_db

LISTED = ["coordinator", "lead", "clinician1", "clinician2", "clinician3", "person", "mother", "friend", "person2"]


@pytest.fixture
def demo(settings):
    settings.LOCAL = True
    return load()


def load():
    out = io.StringIO()
    call_command("demo", stdout=out)
    return out.getvalue()


def seen_by(name, queryset):
    """How many rows of `queryset` the account sees in the app."""
    user = User.objects.get(email=f"{name}@demo.example")
    with role("od_app"), acting_as(user.pk):
        return queryset(user).count()


def test_a_second_run_changes_nothing(demo):
    models = [m for m in apps.get_models() if m._meta.app_label in ("network", "referrals", "meetings", "account")]
    before = {m: m.objects.count() for m in models}
    assert "already" in load()
    assert {m: m.objects.count() for m in models} == before
    assert (Service.objects.count(), Case.objects.count(), Meeting.objects.count()) == (2, 5, 5)


def test_refused_outside_local_use(settings):
    settings.LOCAL = False
    with pytest.raises(CommandError, match="local use"):
        load()
    assert not User.objects.exists()


def test_everybody_listed_can_sign_in(demo):
    for name in LISTED:
        user = User.objects.get(email=f"{name}@demo.example")
        assert user.check_password("open-dialogue")
        assert EmailAddress.objects.get(user=user, email=user.email).verified


def test_the_board_has_life(demo):
    board = Case.objects.filter(service__slug="tornio").open()
    assert board.count() == 4
    assert board.get(network__members__name="Elina").team_size == 0
    assert board.filter(due_at__isnull=False).count() == 3
    assert board.get(to_be_told=True).referrals.get().words == ""
    assert board.taken_by_nobody().count() == 1
    assert not board.overdue().exists()
    onni = board.get(network__members__name="Onni")
    assert (onni.open_exceptions, onni.unanswered, onni.next_meeting_at is not None) == (1, 1, True)


def test_the_first_meeting_was_within_a_day(demo):
    timer = Case.objects.get(network__members__name="Onni").timers.get()
    assert (timer.outcome, timer.met_at <= timer.due_at) == ("met", True)


def test_the_second_service_is_invisible_to_the_first(demo):
    for name in ["coordinator", "lead", "clinician1", "clinician2", "clinician3", "person", "mother", "friend"]:
        for model in (Case, Meeting, Network, Staff):
            elsewhere = model.objects.filter(service__slug="exe-valley")
            assert seen_by(name, lambda user, rows=elsewhere: rows) == 0, (name, model)
    for model in (Case, Meeting, Network, Staff):
        assert seen_by("coordinator-exe", lambda user, m=model: m.objects.exclude(service__slug="exe-valley")) == 0


def test_who_reads_what(demo):
    def notes(user):
        return Meeting.objects.held().readable_by(user)

    def lines(user):
        return Line.objects.all()

    assert [seen_by(n, notes) for n in ("person", "mother", "sister", "friend", "clinician1", "clinician3")] == [
        3, 3, 1, 0, 3, 0,
    ]  # fmt: skip
    assert seen_by("mother", lines) == seen_by("person", lines) > 25
    assert seen_by("friend", lines) == 0
    assert seen_by("friend", lambda user: Meeting.objects.all()) == 1  # the one he is asked to


def test_the_other_team_sees_its_own_case_only(demo):
    assert seen_by("clinician3", lambda user: Case.objects.visible_to(user)) == 1
    assert seen_by("clinician1", lambda user: Case.objects.visible_to(user)) == 1
    assert seen_by("person2", lambda user: Case.objects.visible_to(user)) == 1


def test_the_person_sees_who_has_read(demo):
    assert seen_by("person", lambda user: Reading.objects.all()) == 10
    assert seen_by("mother", lambda user: Reading.objects.all()) == 0


def test_each_meeting_has_voices_a_reflection_an_action_and_was_read_back(demo):
    for meeting in Meeting.objects.held():
        kinds = set(meeting.lines.values_list("kind", flat=True))
        assert {"use", "voice", "reflection", "action", "understanding"} <= kinds
        assert meeting.read_backs.count() == len({(p.member_id, p.staff_id) for p in meeting.presences.all()})
        assert not meeting.lines.exclude(contested_at=None).exists()
        assert not meeting.lines.filter(late=True).exists()

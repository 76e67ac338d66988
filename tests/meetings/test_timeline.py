"""One column of all that happened, newest on top, with nothing left out for anybody."""

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from meetings.models import DecidedWithout, TeamChange
from meetings.story import read_story
from meetings.timeline import timeline
from network.templatetags.look import when_text
from referrals.models import CaseHandover, Contact, FirstHeardCorrection, ResponseTimer, UrgencyChange
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_cast, make_meeting, make_member, make_network

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def told(cast, user=None, case=None):
    """(title, text) of each item, as `user` reads it, without markup."""
    user = user or cast.coordinator.user
    with role("od_app"), acting_as(user.pk):
        story = read_story(user, (case or cast.case).uuid)
        items = timeline(story, timezone.now())
    return [
        (
            strip_tags(item.title),
            strip_tags(" | ".join(map(str, (item.words, item.text, item.small, item.waits)))),
            item,
        )
        for item in items
    ]


def titles(cast, **which):
    return [title for title, _, _ in told(cast, **which)]


def test_the_story_of_a_first_meeting(cast):
    found = told(cast)
    assert {title for title, _, _ in found} == {
        "Second meeting, at home",
        "Team: Olli leaves",
        "First meeting, at home — 17 h after first heard",
        "First heard",
    }
    by_title = {title: text for title, text, _ in found}
    assert "Leena, Mikko · Elina has not answered, Marja has not answered" in by_title["Second meeting, at home"]
    first = by_title["First meeting, at home — 17 h after first heard"]
    for said in ("We meet again tomorrow at five.", "One decision · read back, all agreed · shared with Marja"):
        assert said in first
    assert "Marja" in by_title["First heard"]
    assert "by phone to Aino" in by_title["First heard"]


def test_what_is_contested_waits_or_was_refused_says_so(cast):
    cast.decision.contested_at, cast.decision.contested_why = timezone.now(), "decision_with_the_person"
    cast.decision.save(update_fields=["contested_at", "contested_why"])
    waits = {item.waits for _, _, item in told(cast)}
    assert "one contested" in waits


def everything(cast):
    scope = {"network": cast.network, "service": cast.service}
    case, now = {"case": cast.case} | scope, timezone.now()
    Contact.objects.create(
        **case, kind="declined", by_staff=cast.lead, whom="Veli", declined_by="Elina", declined_what="home", offered="Tuesday",
        next_contact="call on Monday", at=now - hours(40), recorded_at=now,
    )  # fmt: skip
    Contact.objects.create(**case, kind="wish", by_member=cast.person, words="I cannot sleep", at=now - hours(30))
    CaseHandover.objects.create(**case, after=cast.clinician3, by=cast.lead)
    running = ResponseTimer.objects.create(
        **case, kind="meeting", urgency="urgent", hours=24, first_heard_at=now - hours(3), due_at=now
    )
    FirstHeardCorrection.objects.create(
        timer=running, **scope, corrected=now - hours(4), reason="The night nurse heard it", by=cast.lead, original=now
    )
    UrgencyChange.objects.create(timer=running, **scope, after="very_urgent", before="", by=cast.lead)
    UrgencyChange.objects.create(timer=running, **scope, after="urgent", before="", by=cast.lead, reason="She slept")
    DecidedWithout.objects.create(
        **case, text="The ambulance came.", decided_by="Dr Salo", decided_at=now - hours(5), why="Nobody answered.",
        brought_by=cast.clinician1, recorded_by=cast.lead,
    )  # fmt: skip
    make_meeting(cast.case, cast.clinician3, starts_at=now + hours(70))
    gone = make_meeting(cast.case, cast.clinician3, starts_at=now + hours(90))
    gone.status, gone.cancelled_at, gone.cancelled_reason = "cancelled", now, "Snow"
    gone.save(update_fields=["status", "cancelled_at", "cancelled_reason"])


def test_all_kinds_of_things_stand_there(cast):
    everything(cast)
    found = {title: text for title, text, _ in told(cast)}
    for title, part in {
        "Declined": "Elina declined meeting at home. Offered: Tuesday Next contact: call on Monday",
        "Elina asked for a meeting": "I cannot sleep",
        "Handed over to Sari": "Given by Leo",
        "First heard corrected": "The night nurse heard it",
        "More urgent": "to “within 4 hours”",
        "Less urgent": "She slept",
        "Decided without Elina": "Dr Salo: The ambulance came.",
    }.items():
        assert part in found[title]
    assert any("cancelled" in title for title in found)


@pytest.mark.parametrize("who", ["person", "lead", "clinician1", "clinician2"])
def test_the_same_for_the_person_as_for_all_staff(cast, who):
    everything(cast)
    expected = [(title, text) for title, text, _ in told(cast)]
    assert [(title, text) for title, text, _ in told(cast, user=getattr(cast, who).user)] == expected
    assert "a member of staff" not in str(expected)


def test_newest_on_top(cast):
    everything(cast)
    times = [item.at for _, _, item in told(cast)]
    assert times == sorted(times, reverse=True)


def test_untold_words_are_said_to_be_left_out(cast):
    network = make_network(cast.service)
    make_member(network, "Ilmari", is_person=True)
    case = make_case(network, cast.coordinator, told="not_yet")
    ((title, text, item),) = told(cast, case=case)
    assert (title, item.waits) == ("First heard", "Still to be told")
    assert "left out" in text


def test_recorded_offline_is_marked(cast):
    ResponseTimer.objects.filter(pk=cast.timer.pk).update(recorded_offline=True)
    cast.timer.refresh_from_db()
    said = f"recorded offline, known {when_text(cast.timer.known_at)}"
    assert any(said in text for _, text, _ in told(cast))


def test_a_change_in_a_meeting_says_in_which(cast):
    assert TeamChange.objects.get().meeting == cast.held
    text = next(text for title, text, _ in told(cast) if title.startswith("Team:"))
    assert "Decided in the meeting of" in text


def test_what_was_shared_and_withdrawn_leaves_no_gap(cast):
    texts = str([text for _, text, _ in told(cast)])
    assert "shared with Marja" in texts
    assert "Veli" not in texts  # shared with him once, then withdrawn

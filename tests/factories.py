"""Rows for tests, built as the owner of the tables: row security does not apply, constraints and triggers do.

`Cast` is the fixed cast: a service with a coordinator, a lead, a team of two, a third clinician of no team and one who left it;
a network of a person, her mother (shared with), a friend (not shared with), an uncle (shared with, then withdrawn); and a second
service with a coordinator, a clinician and a network of its own.
"""

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from meetings.models import Invitation, Line, Meeting, MeetingStaff, NoteShare, Presence, ReadBack, TeamChange
from network import channels
from network.models import (
    Consent,
    Member,
    MemberContact,
    Network,
    Opening,
    Service,
    Staff,
    StaffChannel,
    TeamMember,
    User,
)
from referrals.models import Case, Referral, ResponseTimer


def hours(n):
    return timedelta(hours=n)


def make_service(name="Tornio team", slug=None, **extra):
    defaults = {"emergency_advice": "Call 112 now.", "night_number": "016 555 0100", "languages": "Finnish, English"}
    return Service.objects.create(name=name, slug=slug or f"s{uuid4().hex[:8]}", **defaults | extra)


def make_user(email=None):
    """An account without a password: tests sign in with force_login, and only what tests passwords pays for hashing one."""
    return User.objects.create_user(email or f"{uuid4().hex[:10]}@example.org")


def make_staff(service, name, *roles, email=None, **extra):
    """Roles: coordinator, clinician, lead."""
    return Staff.objects.create(
        service=service, name=name, user=make_user(email), **{f"is_{role}": True for role in roles}, **extra
    )


def make_network(service):
    return Network.objects.create(service=service)


def make_member(network, name, *, account=True, email=None, is_person=False, wanted=True, **extra):
    user = make_user(email) if account else None
    word = (
        {"wanted": True, "wanted_word": "the person, by phone", "wanted_at": timezone.now()}
        if wanted and not is_person
        else {}
    )
    member = Member.objects.create(
        network=network, service=network.service, name=name, user=user, is_person=is_person,
        joined_at=timezone.now() if user else None, **word | extra,
    )  # fmt: skip
    MemberContact.objects.create(
        member=member, network=network, service=network.service, email=user.email if user else (email or "")
    )
    return member


def make_team(network, *staff, founding=True, joined_at=None):
    """The founding team, there before the first meeting."""
    at = joined_at or timezone.now() - hours(2000)
    return [
        TeamMember.objects.create(network=network, service=network.service, staff=s, founding=founding, joined_at=at)
        for s in staff
    ]


def make_case(network, owner, *, first_heard_at=None, urgency="urgent", words="She is so afraid of the night", told="yes",
              caller=None, recorded_at=None, taken=True, call_back="040 555 0134"):  # fmt: skip
    """An open case with its referral and running clock."""
    heard = first_heard_at or timezone.now() - hours(1)
    recorded = recorded_at or heard
    case = Case.objects.create(
        network=network, service=network.service, owner=owner, opened_at=recorded, taken_at=recorded if taken else None
    )
    timer = ResponseTimer.objects.create(
        case=case, network=network, service=network.service, kind="reply" if urgency == "not_crisis" else "meeting",
        urgency=urgency, hours={"urgent": 24, "not_crisis": 72}.get(urgency, 4), first_heard_at=heard, due_at=heard,
    )  # fmt: skip
    Referral.objects.create(
        case=case, network=network, service=network.service, timer=timer, person_name=network.person.name,
        caller=caller, caller_name=caller.name if caller else "", call_back=call_back, words=words if told in ("yes", "self") else "",
        told=told, channel="phone", urgency=urgency, first_heard_at=heard, recorded_at=recorded, taken_by=owner,
    )  # fmt: skip
    case.refresh_from_db()
    return case


def open_in_need(network, staff, *, reason="She rang and cannot reach her team.", hours=4, opened_at=None):
    """What od.open_in_need makes, when it has found somebody."""
    at = opened_at or timezone.now()
    return Opening.objects.create(
        network=network, service=network.service, staff=staff, reason=reason, hours=hours, opened_at=at, ends_at=at
    )


def make_meeting(case, *staff, starts_at=None, invited=(), place="home", minutes=90, travel_minutes=0, **extra):
    """A booked meeting."""
    starts_at = starts_at or timezone.now() + hours(5)
    scope = {"network": case.network, "service": case.service}
    meeting = Meeting.objects.create(
        case=case, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes), place=place, booked_by=staff[0],
        travel_minutes=travel_minutes, **scope, **extra,
    )  # fmt: skip
    for one in staff:
        MeetingStaff.objects.create(meeting=meeting, staff=one, **scope)
    for member in invited:
        Invitation.objects.create(meeting=meeting, member=member, word="the person, by phone", **scope)
    return meeting


def start(meeting, *present, at=None, recorded_at=None):
    """Start a booked meeting with Members and Staff present from `at`."""
    at = at or timezone.now() - timedelta(minutes=30)
    meeting.status, meeting.started_at = "started", at
    meeting.save(update_fields=["status", "started_at"])
    for one in present:
        arrive(meeting, one, at=at, recorded_at=recorded_at or at)
    return meeting


def arrive(meeting, who, *, at=None, recorded_at=None, left_at=None, **extra):
    at = at or timezone.now()
    side = {"staff": who} if isinstance(who, Staff) else {"member": who}
    return Presence.objects.create(
        meeting=meeting, network=meeting.network, service=meeting.service, name=who.name, arrived_at=at, left_at=left_at,
        recorded_at=recorded_at or at, recorded_by=meeting.staffing.first().staff, **side, **extra,
    )  # fmt: skip


def say(meeting, text, *, kind="voice", who=None, at=None, state=None, **extra):
    """A line of the record; decisions are accepted unless told otherwise."""
    side = {"staff": who} if isinstance(who, Staff) else {"member": who}
    at = at or timezone.now() - timedelta(minutes=1)
    return Line.objects.create(
        meeting=meeting, network=meeting.network, service=meeting.service, kind=kind, text=text,
        voice=who.name if who else ("together" if kind in ("voice", "reflection") else ""), said_at=at, recorded_at=at,
        state=state or ("accepted" if kind == "decision" else "kept"), recorded_by=meeting.staffing.first().staff, **side, **extra,
    )  # fmt: skip


def close(meeting, *, at=None, next_meeting=None, answer="agreed"):
    """Read back to everybody who was present, and close."""
    for presence in meeting.presences.filter(mistaken_at=None):
        ReadBack.objects.get_or_create(
            meeting=meeting, network=meeting.network, service=meeting.service, member=presence.member, staff=presence.staff,
            defaults={"name": presence.name, "answer": answer},
        )  # fmt: skip
    meeting.status, meeting.closed_at = "closed", at or timezone.now()
    meeting.closed_by = meeting.staffing.first().staff
    meeting.next_meeting, meeting.night_number = next_meeting, meeting.service.night_number
    meeting.no_next_decided_by = "" if next_meeting else "All of us together"
    meeting.save()
    return meeting


def consent(member, *, covers="all", by=None):
    return Consent.objects.create(
        member=member, network=member.network, service=member.service, covers=covers, how="own_page",
        recorded_by=by or member.network.person.user, given_at=timezone.now() - hours(1000),
    )  # fmt: skip


def share(meeting, member, *, by=None):
    return NoteShare.objects.create(
        meeting=meeting, member=member, network=meeting.network, service=meeting.service, how="own_page",
        recorded_by=by or meeting.network.person.user,
    )  # fmt: skip


def flush_constraints():
    """Make deferred constraints speak now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def make_cast():
    """The fixed cast, with one closed meeting (a voice, a reflection, a decision) and one booked."""
    c = SimpleNamespace()
    c.service = make_service("Tornio team", "tornio")
    c.coordinator = make_staff(c.service, "Aino", "coordinator")
    c.lead = make_staff(c.service, "Leo", "lead")
    c.clinician1 = make_staff(c.service, "Leena", "clinician", profession="nurse")
    c.clinician2 = make_staff(c.service, "Mikko", "clinician", profession="peer_worker")
    c.clinician3 = make_staff(c.service, "Sari", "clinician")
    c.former = make_staff(c.service, "Olli", "clinician")
    c.service.on_duty = c.coordinator
    c.service.save()
    c.network = make_network(c.service)
    c.person = make_member(c.network, "Elina", is_person=True)
    c.mother = make_member(c.network, "Marja", relation="her mother", circle="family")
    c.friend = make_member(c.network, "Jussi", relation="a friend from work", circle="friend")
    c.uncle = make_member(c.network, "Veli", relation="her uncle", circle="family")
    long_ago = timezone.now() - hours(240)
    c.case = make_case(c.network, c.coordinator, first_heard_at=long_ago, caller=c.mother)
    c.timer = c.case.timers.get()
    rows = make_team(c.network, c.clinician1, c.clinician2, c.former)
    c.held = make_meeting(
        c.case, c.clinician1, c.clinician2, starts_at=long_ago + hours(17), invited=[c.person, c.mother]
    )
    at = c.held.starts_at
    start(c.held, c.person, c.mother, c.clinician1, c.clinician2, at=at)
    c.voice = say(c.held, "I would like to use this to sleep again.", who=c.person, at=at + timedelta(minutes=7))
    c.mothers_voice = say(c.held, "I whisper because I am afraid.", who=c.mother, at=at + timedelta(minutes=14))
    c.reflection = say(
        c.held,
        "I thought of two people keeping watch.",
        kind="reflection",
        who=c.clinician1,
        at=at + timedelta(minutes=36),
    )
    c.decision = say(c.held, "We meet again tomorrow at five.", kind="decision", at=at + timedelta(minutes=53))
    rows[2].left_at = at + timedelta(minutes=60)
    c.team_change = TeamChange.objects.create(
        network=c.network, service=c.service, meeting=c.held, left=rows[2], reason="He moves away", by=c.clinician1
    )
    rows[2].save(update_fields=["left_at"])
    close(c.held, at=at + timedelta(minutes=75))
    c.booked = make_meeting(c.case, c.clinician1, c.clinician2, invited=[c.person, c.mother, c.friend])
    c.consent = consent(c.mother)
    withdrawn = consent(c.uncle)
    withdrawn.withdrawn_at, withdrawn.withdrawn_by = timezone.now(), c.person.user
    withdrawn.save()
    c.elsewhere = make_service("Other team", "other")
    c.coordinator2 = make_staff(c.elsewhere, "Outi", "coordinator")
    c.clinician4 = make_staff(c.elsewhere, "Petri", "clinician")
    c.clinician5 = make_staff(c.elsewhere, "Riitta", "clinician")
    c.elsewhere.on_duty = c.coordinator2
    c.elsewhere.save()
    c.network2 = make_network(c.elsewhere)
    c.person2 = make_member(c.network2, "Oskari", is_person=True)
    c.case2 = make_case(c.network2, c.coordinator2)
    make_team(c.network2, c.clinician4, c.clinician5)
    c.meeting2 = make_meeting(c.case2, c.clinician4, c.clinician5, invited=[c.person2])
    c.case.refresh_from_db()
    flush_constraints()
    return c


# Of a browser that nobody has: its own key pair, so that a test can read what was encrypted for it.
BROWSER_KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}


def make_browser(staff, device="My phone", endpoint="https://fcm.googleapis.com/send/a", keys=None, **extra):
    """Notifications to a browser."""
    subscription = {"endpoint": endpoint, "keys": keys or BROWSER_KEYS, "ours": channels.push_public_key()}
    return StaffChannel.objects.create(
        staff=staff, service=staff.service, kind="push", device=device, subscription=subscription, **extra
    )

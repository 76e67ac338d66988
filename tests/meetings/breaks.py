"""How each rule of the database can be broken: what has to be there, and the statements that whoever comes closest to being allowed to
then tries. Where the app's role has no right to try at all (clocks, accounts), nobody is named and the owner of the tables tries.
"""

import json
from collections import defaultdict
from datetime import timedelta
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from meetings.models import (
    Addendum,
    DecidedWithout,
    Invitation,
    Line,
    Meeting,
    MeetingStaff,
    NoteShare,
    Presence,
    ReadBack,
    TeamChange,
    Told,
)
from network.models import Consent, Member, Staff, TeamMember
from referrals.models import (
    Case,
    CaseClosure,
    CaseHandover,
    Contact,
    FirstHeardCorrection,
    Referral,
    ResponseTimer,
    UrgencyChange,
)
from tests.factories import (
    close,
    flush_constraints,
    hours,
    make_case,
    make_meeting,
    make_member,
    make_network,
    make_service,
    say,
    start,
)

BREAKS = defaultdict(list)


def breaks(rule, *, by=None):
    """The function makes, as the owner, what is needed, and gives back the statements that `by` of the cast then tries."""

    def note(make):
        BREAKS[rule].append((by, make))
        return make

    return note


def insert(model, **values):
    """An INSERT; columns left out are empty where they may be, and scope is filled in by the database."""
    for field in model._meta.concrete_fields:
        left_out = (
            field.attname not in values and not field.null and not field.has_db_default() and not field.primary_key
        )
        if left_out and field.get_internal_type() in ("CharField", "TextField", "EmailField"):
            values[field.attname] = ""
        elif left_out and field.get_internal_type() == "UUIDField":
            values[field.attname] = uuid4()
    columns = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({', '.join(['%s'] * len(values))})", list(
        values.values()
    )


def change(thing, **values):
    """An UPDATE of one row."""
    columns = ", ".join(f'"{name}" = %s' for name in values)
    return f"UPDATE {thing._meta.db_table} SET {columns} WHERE id = %s", [*values.values(), thing.pk]


def now(minutes=0):
    return timezone.now() + timedelta(minutes=minutes)


# -- What the breaks need -----------------------------------------------------------------------------------------------------


def going_on(c, *present, **extra):
    """A meeting that goes on since half an hour, by default with the person and a clinician in the room."""
    meeting = make_meeting(c.case, c.clinician1, c.clinician2, starts_at=now(-40), **extra)
    return start(meeting, *(present or (c.person, c.clinician1)), at=now(-30))


def read_back_to_all(meeting):
    for presence in meeting.presences.all():
        ReadBack.objects.create(
            meeting=meeting, network=meeting.network, service=meeting.service, member=presence.member, staff=presence.staff,
            name=presence.name, answer="agreed",
        )  # fmt: skip
    return meeting


def closing(meeting, c, **extra):
    values = {"status": "closed", "closed_at": now(), "closed_by_id": c.clinician1.pk, "night_number": "1",
              "no_next_decided_by": "all of us"} | extra  # fmt: skip
    return change(meeting, **values)


def line(meeting, c, **extra):
    values = {"meeting_id": meeting.pk, "kind": "voice", "voice": "Elina", "text": "Words.", "said_at": now(-5),
              "recorded_by_id": c.clinician1.pk} | extra  # fmt: skip
    return insert(Line, **values)


def presence(meeting, c, **extra):
    values = {"meeting_id": meeting.pk, "name": "x", "arrived_at": now(-5), "recorded_by_id": c.clinician1.pk} | extra
    return insert(Presence, **values)


def read_back(meeting, **extra):
    return insert(ReadBack, **{"meeting_id": meeting.pk, "name": "x", "answer": "agreed"} | extra)


def addendum(meeting, c, **extra):
    return insert(Addendum, **{"meeting_id": meeting.pk, "kind": "added", "text": "And yet.", "name": "x"} | extra)


def share_row(c, **extra):
    values = {
        "meeting_id": c.held.pk,
        "member_id": c.friend.pk,
        "how": "own_page",
        "recorded_by_id": c.person.user.pk,
    } | extra
    return insert(NoteShare, **values)


def consent_row(c, **extra):
    values = {"member_id": c.friend.pk, "covers": "all", "how": "own_page", "recorded_by_id": c.person.user.pk} | extra
    return insert(Consent, **values)


def on_paper(c, **extra):
    return {"how": "in_the_room", "witness": "Marja", "recorded_by_id": c.clinician1.user.pk} | extra


def invitation(meeting, member, **extra):
    return insert(Invitation, **{"meeting_id": meeting.pk, "member_id": member.pk, "word": "Elina, by phone"} | extra)


def booking(c, **extra):
    start_at = extra.pop("starts_at", now(60 * 50))
    values = {
        "case_id": c.case.pk,
        "starts_at": start_at,
        "ends_at": start_at + hours(1),
        "booked_by_id": c.coordinator.pk,
    } | extra
    return insert(Meeting, **values)


def exception_row(c, **extra):
    values = {"case_id": c.case.pk, "text": "We rang her brother.", "decided_by": "Leena", "decided_at": now(-60), "why": "It was dark.",
              "brought_by_id": c.clinician1.pk, "recorded_by_id": c.clinician1.pk} | extra  # fmt: skip
    return insert(DecidedWithout, **values)


def exception(c, **extra):
    return DecidedWithout.objects.create(
        case=c.case, network=c.network, service=c.service, text="We rang her brother.", decided_by="Leena", decided_at=now(-60),
        why="It was dark.", brought_by=c.clinician1, recorded_by=c.clinician1, **extra,
    )  # fmt: skip


def contact(c, **extra):
    values = {"case_id": c.case.pk, "kind": "called_back", "by_staff_id": c.coordinator.pk, "at": now(-1)} | extra
    return insert(Contact, **values)


def closure(c, **extra):
    """Without a meeting, complete."""
    values = {"case_id": c.case.pk, "kind": "without_meeting", "reason": "She lives elsewhere now.", "offers": "Three times.",
              "first_staff_id": c.coordinator.pk, "second_staff_id": c.lead.pk, "word_to_person": "By letter",
              "word_to_caller": "By phone"} | extra  # fmt: skip
    return insert(CaseClosure, **values)


def covering(c, tries):
    """What the third clinician tries, who covers one meeting of the network."""
    make_meeting(c.case, c.clinician3, starts_at=now(60 * 100))
    return tries


def nothing_booked(c):
    c.booked.refresh_from_db()
    c.booked.status, c.booked.cancelled_at, c.booked.cancelled_reason = "cancelled", now(), "snow"
    c.booked.save(update_fields=["status", "cancelled_at", "cancelled_reason"])


def closed(c, **extra):
    nothing_booked(c)
    values = {
        "kind": "together",
        "reason": "We have come far.",
        "first_staff": c.clinician1,
        "decided_in": c.held.uuid,
    } | extra
    CaseClosure.objects.create(case=c.case, network=c.network, service=c.service, **values)
    flush_constraints()


def call(*, public=False, **form):
    payload = {
        "uuid": str(uuid4()), "person_name": "Iida", "call_back": "040 555 0134", "words": "She is afraid.", "told": "yes",
        "caller_name": "Marja", "channel": "phone", "urgency": "urgent", "service": "tornio", "sender": uuid4().hex,
    } | form  # fmt: skip
    return "SELECT od.take_referral(%s, %s)", [json.dumps(payload, default=str), public]


# -- Who: services, staff, accounts, members ----------------------------------------------------------------------------------


@breaks("service_hours_positive")
def _(c):
    return change(c.service, hours_urgent=0)


@breaks("service_night_number_given")
def _(c):
    return change(c.service, night_number=" ")


@breaks("on_duty_is_a_coordinator", by="coordinator")
def _(c):
    return change(c.service, on_duty_id=c.clinician1.pk)


@breaks("on_duty_is_a_coordinator", by="coordinator")
def _(c):
    return change(c.service, on_duty_id=c.coordinator2.pk)


@breaks("staff_has_a_role")
def _(c):
    return change(c.lead, is_lead=False)


@breaks("staff_name_given")
def _(c):
    return change(c.lead, name="")


@breaks("user_email_lower_case")
def _(c):
    return change(c.lead.user, email="Leo@example.org")


@breaks("only_staff_opens_accounts", by="mother")
def _(c):
    return "SELECT od.account_for('friend@example.org')", []


@breaks("reader_is_known", by="coordinator2")
def _(c):
    return "SELECT od.log_reading('case', %s, %s)", [c.case.uuid, c.network.pk]


@breaks("one_of_the_answers_reading", by="coordinator")
def _(c):
    return "SELECT od.log_reading('diary', %s, %s)", [c.case.uuid, c.network.pk]


@breaks("member_name_given", by="coordinator")
def _(c):
    return change(c.friend, name=" \n")


@breaks("one_of_the_answers_member", by="coordinator")
def _(c):
    return change(c.friend, circle="enemy")


@breaks("member_wanted_says_where", by="coordinator")
def _(c):
    return change(c.friend, wanted=False, wanted_at=now(), wanted_word="")


@breaks("member_leaves_with_reason", by="person")
def _(c):
    return change(c.friend, left_at=now())


@breaks("person_stays_in_network", by="coordinator")
def _(c):
    return change(c.person, left_at=now(), left_reason="She moved")


@breaks("network_has_one_person")
def _(c):
    return insert(Member, network_id=c.network.pk, name="Elina", is_person=True)


@breaks("member_account_once_per_network")
def _(c):
    return change(c.friend, user_id=c.mother.user.pk)


@breaks("member_joined_with_account")
def _(c):
    return change(c.friend, joined_at=None)


@breaks("network_member_uuid_key", by="coordinator")
def _(c):
    return insert(Member, network_id=c.network.pk, name="Somebody", uuid=c.friend.uuid)


@breaks("one_address_one_member", by="coordinator")
def _(c):
    return change(c.friend.contact, email=c.mother.contact.email)


@breaks("contact_email_lower_case", by="friend")
def _(c):
    return change(c.friend.contact, email="Jussi@Example.org")


# -- The person's word --------------------------------------------------------------------------------------------------------


@breaks("consent_is_for_others", by="person")
def _(c):
    return consent_row(c, member_id=c.person.pk)


@breaks("consent_is_for_others", by="person")
def _(c):
    return share_row(c, member_id=c.person.pk)


@breaks("consent_one_at_a_time", by="person")
def _(c):
    return consent_row(c, member_id=c.mother.pk)


@breaks("consent_names_its_witness", by="clinician1")
def _(c):
    return consent_row(c, **on_paper(c, where="in the kitchen", witness=" "))


@breaks("consent_says_where", by="clinician1")
def _(c):
    return consent_row(c, **on_paper(c))


@breaks("consent_withdrawn_by_somebody", by="person")
def _(c):
    return change(c.consent, withdrawn_by_id=c.person.user.pk)


@breaks("one_of_the_answers_consent", by="person")
def _(c):
    return consent_row(c, covers="half")


@breaks("withdrawn_stays", by="person")
def _(c):
    return change(c.uncle.consents.get(), withdrawn_at=None, withdrawn_by_id=c.person.user.pk)


@breaks("withdrawn_stays", by="clinician1")
def _(c):
    return change(c.uncle.consents.get(), withdrawn_by_id=c.clinician1.user.pk)


@breaks("share_names_its_witness", by="clinician1")
def _(c):
    return share_row(c, **on_paper(c, where="in the kitchen", witness=""))


@breaks("consent_says_where", by="clinician1")
def _(c):
    """Of one meeting."""
    return share_row(c, **on_paper(c, where=" "))


@breaks("shared_once", by="person")
def _(c):
    return [share_row(c), share_row(c)]


@breaks("share_withdrawn_by_somebody", by="person")
def _(c):
    row = NoteShare.objects.create(
        meeting=c.held, member=c.friend, network=c.network, service=c.service, how="own_page", recorded_by=c.person.user
    )
    return change(row, withdrawn_by_id=c.person.user.pk)


def told_row(c, **extra):
    values = {
        "invitation_id": c.booked.invitations.get(member=c.friend).pk,
        "moves": 0,
        "how": "phone",
        "by_id": c.clinician1.pk,
    } | extra
    return insert(Told, **values)


@breaks("told_once", by="clinician1")
def _(c):
    return [told_row(c), told_row(c)]


@breaks("one_of_the_answers_told", by="clinician1")
def _(c):
    return told_row(c, how="by pigeon")


@breaks("moved_meanwhile", by="clinician1")
def _(c):
    """Somebody is told of a time that is no more."""
    return told_row(c, moves=3)


@breaks("one_of_the_answers_share", by="clinician1")
def _(c):
    return share_row(c, **on_paper(c, where="in the kitchen", how="by pigeon"))


# -- The team -----------------------------------------------------------------------------------------------------------------


@breaks("team_of_clinicians", by="coordinator")
def _(c):
    return insert(TeamMember, network_id=c.network.pk, staff_id=c.coordinator.pk, founding=False)


@breaks("team_of_clinicians", by="coordinator")
def _(c):
    return insert(MeetingStaff, meeting_id=c.booked.pk, staff_id=c.lead.pk)


@breaks("team_of_two_or_more", by="coordinator")
def _(c):
    leaving = c.network.team.get(staff=c.clinician2)
    why = insert(
        TeamChange,
        network_id=c.network.pk,
        meeting_id=c.held.pk,
        left_id=leaving.pk,
        reason="He is ill",
        by_id=c.coordinator.pk,
    )
    return [why, change(leaving, left_at=now())]


@breaks("team_member_once", by="coordinator")
def _(c):
    return insert(TeamMember, network_id=c.network.pk, staff_id=c.clinician1.pk, founding=False)


@breaks("team_change_says_why", by="coordinator")
def _(c):
    return change(c.network.team.get(staff=c.clinician2), left_at=now())


@breaks("team_change_says_why", by="coordinator")
def _(c):
    return insert(TeamMember, network_id=c.network.pk, staff_id=c.clinician3.pk, founding=True)


@breaks("team_change_says_why", by="coordinator")
def _(c):
    return insert(TeamMember, network_id=c.network.pk, staff_id=c.clinician3.pk, founding=False)


@breaks("team_change_says_why", by="clinician1")
def _(c):
    """Coming back by an emptied date."""
    return change(c.network.team.get(staff=c.former), left_at=None)


@breaks("team_change_says_why", by="clinician1")
def _(c):
    return insert(TeamChange, network_id=c.network.pk, meeting_id=c.held.pk, left_id=c.network.team.get(staff=c.former).pk,
                  reason=" ", by_id=c.clinician1.pk)  # fmt: skip


@breaks("team_change_changes_somebody", by="clinician1")
def _(c):
    return insert(
        TeamChange, network_id=c.network.pk, meeting_id=c.held.pk, reason="We thought so", by_id=c.clinician1.pk
    )


@breaks("team_change_made_in_a_meeting", by="clinician1")
def _(c):
    former = c.network.team.get(staff=c.former)
    return insert(TeamChange, network_id=c.network.pk, left_id=former.pk, reason="He moves", by_id=c.clinician1.pk)


# -- First contact and the clock ----------------------------------------------------------------------------------------------


@breaks("referral_person_name_given")
def _(c):
    return insert(Referral, case_id=c.case2.pk, timer_id=c.case2.timers.get().pk, person_name=" ", call_back="1", words="Again.",
                  told="yes", channel="phone", urgency="urgent", first_heard_at=now(-1), place="home", pathway="crisis")  # fmt: skip


@breaks("member_name_given", by="coordinator")
def _(c):
    return call(person_name=" ")


@breaks("referral_call_back_given", by="coordinator")
def _(c):
    return call(call_back="")


@breaks("referral_words_given", by="coordinator")
def _(c):
    return call(words="\n")


@breaks("first_heard_not_in_future", by="coordinator")
def _(c):
    return call(first_heard_at=now(5).isoformat())


@breaks("first_heard_long_ago_says_why", by="coordinator")
def _(c):
    return call(first_heard_at=now(-60 * 25).isoformat())


@breaks("one_of_the_answers_referral", by="coordinator")
def _(c):
    return call(told="perhaps")


@breaks("service_takes_no_public_referrals", by="public")
def _(c):
    return call(public=True, service="nowhere")


@breaks("too_many_from_one_address", by="public")
def _(c):
    return [call(public=True, sender="one") for _ in range(11)]


@breaks("somebody_is_on_duty", by="public")
def _(c):
    make_service("Empty team", "empty")
    return call(public=True, service="empty")


@breaks("staff_take_calls", by="person")
def _(c):
    return call()


@breaks("referral_is_new", by="coordinator2")
def _(c):
    return call(uuid=str(c.case.referrals.get().uuid))


@breaks("case_to_join_is_known", by="coordinator2")
def _(c):
    return call(join_case=str(c.case.uuid))


@breaks("case_to_join_is_known", by="clinician3")
def _(c):
    return call(join_case=str(c.case.uuid))


@breaks("untold_words_left_out", by="coordinator")
def _(c):
    untold = make_case(person_of_own(c).network, c.coordinator, told="not_yet")
    return change(untold.referrals.get(), told="refused", words="He said it all the same.")


def person_of_own(c):
    return make_member(make_network(c.service), "Iida", is_person=True)


@breaks("referral_has_a_clock")
def _(c):
    c.timer.refresh_from_db()
    return insert(Referral, case_id=c.case.pk, timer_id=c.timer.pk, person_name="Elina", call_back="1", words="Again.", told="yes",
                  channel="phone", urgency="urgent", first_heard_at=now(-1))  # fmt: skip


@breaks("one_of_the_answers_timer")
def _(c):
    return change(c.timer, urgency="whenever")


@breaks("timer_times_fit_outcome")
def _(c):
    return change(c.case2.timers.get(), met_at=now(-5))


@breaks("met_not_after_known")
def _(c):
    return change(c.case2.timers.get(), outcome="met", met_at=now(5), known_at=now(-5), ended_at=now())


@breaks("clock_goes_forward")
def _(c):
    return change(c.timer, outcome="replied")


@breaks("one_running_clock_of_a_kind")
def _(c):
    return insert(
        ResponseTimer,
        case_id=c.case2.pk,
        kind="meeting",
        urgency="urgent",
        hours=24,
        first_heard_at=now(),
        due_at=now(),
    )


@breaks("correction_says_why", by="coordinator")
def _(c):
    return insert(
        FirstHeardCorrection, timer_id=c.timer.pk, original=now(), corrected=now(-60 * 300), by_id=c.coordinator.pk
    )


@breaks("corrected_not_in_future", by="coordinator2")
def _(c):
    timer = c.case2.timers.get()
    return insert(
        FirstHeardCorrection, timer_id=timer.pk, original=now(), corrected=now(9), reason="So", by_id=c.coordinator2.pk
    )


@breaks("met_after_first_heard", by="coordinator")
def _(c):
    return insert(
        FirstHeardCorrection,
        timer_id=c.timer.pk,
        original=now(),
        corrected=now(-9),
        reason="So",
        by_id=c.coordinator.pk,
    )


@breaks("urgency_of_a_running_clock", by="coordinator")
def _(c):
    return insert(UrgencyChange, timer_id=c.timer.pk, before="", after="very_urgent", by_id=c.coordinator.pk)


@breaks("urgency_is_the_same", by="coordinator2")
def _(c):
    return insert(UrgencyChange, timer_id=c.case2.timers.get().pk, before="", after="urgent", by_id=c.coordinator2.pk)


@breaks("lowering_says_why", by="coordinator2")
def _(c):
    return insert(
        UrgencyChange, timer_id=c.case2.timers.get().pk, before="", after="not_crisis", by_id=c.coordinator2.pk
    )


@breaks("one_of_the_answers_contact", by="coordinator")
def _(c):
    return contact(c, kind="gossip")


@breaks("refusal_says_what_who_and_next", by="coordinator")
def _(c):
    return contact(c, kind="declined", declined_by="Elina", declined_what="home", offered="To come to her")


@breaks("contact_not_in_future", by="coordinator")
def _(c):
    return contact(c, at=now(9))


@breaks("contact_by_staff_wish_by_member", by="coordinator")
def _(c):
    return contact(c, kind="wish")


@breaks("contact_by_staff_wish_by_member", by="person")
def _(c):
    return contact(c, kind="called_back", by_staff_id=None, by_member_id=c.person.pk)


@breaks("referrals_contact_uuid_key", by="coordinator")
def _(c):
    uuid = uuid4()
    return [contact(c, uuid=uuid), contact(c, uuid=uuid)]


@breaks("reply_after_first_heard", by="coordinator2")
def _(c):
    case = make_case(
        make_member(make_network(c.elsewhere), "Iida", is_person=True).network, c.coordinator2, urgency="not_crisis"
    )
    return contact(c, case_id=case.pk, kind="replied", by_staff_id=c.coordinator2.pk, at=now(-120))


@breaks("owner_works_here", by="coordinator")
def _(c):
    Staff.objects.filter(pk=c.former.pk).update(left_at=now())
    return insert(CaseHandover, case_id=c.case.pk, before_id=c.lead.pk, after_id=c.former.pk, by_id=c.coordinator.pk)


@breaks("case_changed_hands", by="lead")
def _(c):
    """From somebody who does not have it."""
    seen = {"before_id": c.lead.pk, "before_since": c.case.taken_at}
    return insert(CaseHandover, case_id=c.case.pk, after_id=c.lead.pk, by_id=c.lead.pk, **seen)


@breaks("case_changed_hands", by="lead")
def _(c):
    """As if nobody had taken it."""
    return insert(CaseHandover, case_id=c.case.pk, before_id=c.coordinator.pk, after_id=c.lead.pk, by_id=c.lead.pk)


@breaks("owner_works_here", by="coordinator")
def _(c):
    """As the second name under a closure."""
    nothing_booked(c)
    Staff.objects.filter(pk=c.former.pk).update(left_at=now())
    return closure(c, second_staff_id=c.former.pk)


# -- Closing a case -----------------------------------------------------------------------------------------------------------


@breaks("network_has_one_open_case")
def _(c):
    return insert(Case, network_id=c.network.pk, owner_id=c.coordinator.pk)


@breaks("case_closes_with_its_reason")
def _(c):
    return change(c.case, closed_at=now())


@breaks("closed_stays_closed")
def _(c):
    closed(c)
    return change(c.case, closed_at=None)


@breaks("case_is_open", by="coordinator")
def _(c):
    closed(c)
    return contact(c)


@breaks("case_is_open", by="coordinator")
def _(c):
    closed(c)
    return booking(c)


@breaks("closure_says_why", by="coordinator")
def _(c):
    nothing_booked(c)
    return closure(c, reason=" ")


@breaks("closure_without_meeting_complete", by="coordinator")
def _(c):
    nothing_booked(c)
    return closure(c, second_staff_id=None)


@breaks("closure_without_meeting_complete", by="coordinator")
def _(c):
    nothing_booked(c)
    return closure(c, word_to_person="")


@breaks("closure_without_meeting_complete", by="coordinator")
def _(c):
    nothing_booked(c)
    return closure(c, kind="quietly")


@breaks("referrals_caseclosure_case_id_key", by="coordinator")
def _(c):
    closed(c)
    return closure(c)


@breaks("closure_two_names", by="coordinator")
def _(c):
    nothing_booked(c)
    return closure(c, second_staff_id=c.coordinator.pk)


@breaks("one_of_the_answers_closure", by="coordinator")
def _(c):
    nothing_booked(c)
    return closure(c, code="tired")


@breaks("closed_with_no_meeting_booked", by="coordinator")
def _(c):
    return closure(c)


@breaks("closed_together_with_the_person", by="coordinator")
def _(c):
    nothing_booked(c)
    return closure(c, kind="together", decided_in=c.booked.uuid)


@breaks("running_clock_is_not_closed_together", by="coordinator")
def _(c):
    nothing_booked(c)
    return [call(join_case=str(c.case.uuid)), closure(c, kind="together", decided_in=c.held.uuid)]


# -- Booking ------------------------------------------------------------------------------------------------------------------


@breaks("staff_not_in_two_places", by="coordinator")
def _(c):
    beside = make_meeting(c.case, c.clinician3, starts_at=c.booked.starts_at + timedelta(minutes=30))
    return insert(MeetingStaff, meeting_id=beside.pk, staff_id=c.clinician1.pk)


@breaks("staff_not_in_two_places", by="coordinator")
def _(c):
    """On the way from one to the other."""
    after = make_meeting(c.case, c.clinician3, starts_at=c.booked.ends_at + timedelta(minutes=20), travel_minutes=30)
    return insert(MeetingStaff, meeting_id=after.pk, staff_id=c.clinician1.pk)


@breaks("staff_not_in_two_places", by="coordinator")
def _(c):
    """By moving."""
    later = make_meeting(c.case, c.clinician1, starts_at=now(60 * 72))
    return change(later, starts_at=c.booked.starts_at, ends_at=c.booked.ends_at, moves=1)


@breaks("meeting_staff_once", by="coordinator")
def _(c):
    return insert(MeetingStaff, meeting_id=c.booked.pk, staff_id=c.clinician1.pk)


@breaks("somebody_comes", by="coordinator")
def _(c):
    return [change(row, active=False) for row in c.booked.staffing.all()]


@breaks("somebody_comes", by="coordinator")
def _(c):
    return booking(c)


@breaks("booked_ahead", by="coordinator")
def _(c):
    return booking(c, starts_at=now(-60 * 24))


@breaks("moved_meanwhile", by="coordinator")
def _(c):
    return change(c.booked, starts_at=now(60 * 80), ends_at=now(60 * 81))


@breaks("meeting_is_not_over", by="coordinator")
def _(c):
    nothing_booked(c)
    return insert(MeetingStaff, meeting_id=c.booked.pk, staff_id=c.clinician3.pk)


@breaks("meeting_ends_after_start", by="coordinator")
def _(c):
    return booking(c, ends_at=now(60 * 50 - 1))


@breaks("meeting_ends_after_start", by="coordinator")
def _(c):
    return booking(c, ends_at=now(60 * 59))


@breaks("meeting_travel_within_ten_hours", by="coordinator")
def _(c):
    return booking(c, travel_minutes=601)


@breaks("meeting_elsewhere_says_where", by="coordinator")
def _(c):
    return booking(c, place="elsewhere", address=" ")


@breaks("one_of_the_answers_meeting", by="coordinator")
def _(c):
    return booking(c, place="ward")


@breaks("meetings_meeting_uuid_key", by="coordinator")
def _(c):
    return booking(c, uuid=c.booked.uuid)


@breaks("cancelling_says_why", by="coordinator")
def _(c):
    return change(c.booked, status="cancelled", cancelled_at=now())


@breaks("invited_by_the_persons_word", by="coordinator")
def _(c):
    unasked = make_member(c.network, "Aunt", account=False, wanted=False)
    return invitation(c.booked, unasked)


@breaks("invited_by_the_persons_word", by="coordinator")
def _(c):
    return [change(c.uncle, wanted=False), invitation(c.booked, c.uncle)]


@breaks("invitation_by_whose_word", by="coordinator")
def _(c):
    return invitation(c.booked, c.uncle, word=" ")


@breaks("invited_once", by="coordinator")
def _(c):
    return invitation(c.booked, c.friend)


@breaks("no_longer_asked", by="friend")
def _(c):
    """By a member who was asked, and knows how to leave out the WHERE."""
    row = c.booked.invitations.get(member=c.friend)
    row.withdrawn_at = now()
    row.save(update_fields=["withdrawn_at"])
    return "UPDATE meetings_invitation SET withdrawn_at = NULL", []


@breaks("person_is_always_asked", by="coordinator")
def _(c):
    return change(c.booked.invitations.get(member=c.person), withdrawn_at=now())


@breaks("answers_for_themselves", by="person")
def _(c):
    return change(c.booked.invitations.get(member=c.mother), answer="no")


@breaks("answer_has_its_time")
def _(c):
    return change(c.booked.invitations.get(member=c.mother), answer="no")


@breaks("answer_before_the_meeting", by="mother")
def _(c):
    return "UPDATE meetings_invitation SET answer = 'no' WHERE meeting_id = %s", [cancelled_with(c)]


def cancelled_with(c):
    nothing_booked(c)
    return c.booked.pk


@breaks("one_of_the_answers_invitation", by="mother")
def _(c):
    return change(c.booked.invitations.get(member=c.mother), answer="perhaps")


# -- Going on and closing -----------------------------------------------------------------------------------------------------


@breaks("meeting_goes_forward", by="clinician1")
def _(c):
    return closing(c.booked, c, started_at=now(-60))


@breaks("meeting_goes_forward", by="clinician1")
def _(c):
    return change(going_on(c), status="cancelled", started_at=None, cancelled_at=now(), cancelled_reason="snow")


@breaks("meeting_not_in_future", by="clinician1")
def _(c):
    return change(c.booked, status="started", started_at=now(30))


@breaks("meeting_times_fit_status", by="clinician1")
def _(c):
    return change(c.booked, started_at=now(-5))


@breaks("recorded_by_those_who_came", by="coordinator")
def _(c):
    return change(c.booked, status="started", started_at=now())


@breaks("recorded_by_those_who_came", by="clinician2")
def _(c):
    """Closed under another's name."""
    return closing(read_back_to_all(going_on(c)), c)


@breaks("entered_afterwards_says_why", by="clinician1")
def _(c):
    return change(c.booked, entered_afterwards=True)


@breaks("meeting_closed_after_start", by="clinician1")
def _(c):
    return closing(read_back_to_all(going_on(c)), c, closed_at=now(-60))


@breaks("close_says_who_was_there", by="clinician1")
def _(c):
    return closing(going_on(c, c.person), c)


@breaks("close_reads_back", by="clinician1")
def _(c):
    return closing(going_on(c), c)


@breaks("close_reads_back_all", by="clinician1")
def _(c):
    meeting = read_back_to_all(going_on(c))
    return [line(meeting, c), closing(meeting, c)]


@breaks("close_says_next_and_night", by="clinician1")
def _(c):
    return closing(read_back_to_all(going_on(c)), c, no_next_decided_by="")


@breaks("close_says_next_and_night", by="clinician1")
def _(c):
    return closing(read_back_to_all(going_on(c)), c, night_number=" ")


@breaks("next_meeting_is_booked", by="clinician1")
def _(c):
    return closing(read_back_to_all(going_on(c)), c, next_meeting_id=c.held.pk)


@breaks("next_meeting_is_booked", by="clinician1")
def _(c):
    return closing(read_back_to_all(going_on(c)), c, next_meeting_id=c.meeting2.pk)


# -- Presence -----------------------------------------------------------------------------------------------------------------


@breaks("meeting_is_going_on", by="clinician1")
def _(c):
    return presence(c.held, c, member_id=c.friend.pk)


@breaks("meeting_is_going_on", by="clinician1")
def _(c):
    return presence(c.booked, c, member_id=c.person.pk)


@breaks("meeting_is_going_on", by="clinician1")
def _(c):
    return read_back(c.held, member_id=c.mother.pk)


@breaks("arrival_not_in_future", by="clinician1")
def _(c):
    return presence(going_on(c), c, member_id=c.mother.pk, arrived_at=now(9))


@breaks("leaves_not_in_future", by="clinician1")
def _(c):
    return change(going_on(c).presences.get(member=c.person), left_at=now(9))


@breaks("leaves_after_arriving", by="clinician1")
def _(c):
    return change(going_on(c).presences.get(member=c.person), left_at=now(-35))


@breaks("member_present_once", by="clinician1")
def _(c):
    return presence(going_on(c), c, member_id=c.person.pk)


@breaks("staff_present_once", by="clinician1")
def _(c):
    return presence(going_on(c), c, staff_id=c.clinician1.pk)


@breaks("presence_of_one", by="clinician1")
def _(c):
    return presence(going_on(c), c, member_id=c.mother.pk, staff_id=c.clinician2.pk)


@breaks("meetings_presence_uuid_key", by="clinician1")
def _(c):
    return presence(going_on(c), c, member_id=c.mother.pk, uuid=c.held.presences.first().uuid)


@breaks("meetings_presence_left_uuid_key", by="clinician1")
def _(c):
    there, uuid = going_on(c).presences, uuid4()
    gone = {"left_at": now(-1), "left_uuid": uuid}
    return [change(there.get(member=c.person), **gone), change(there.get(staff=c.clinician1), **gone)]


# -- Lines and decisions ------------------------------------------------------------------------------------------------------


@breaks("meeting_has_started", by="clinician1")
def _(c):
    return line(c.booked, c)


@breaks("meeting_has_started", by="person")
def _(c):
    return share_row(c, meeting_id=c.booked.pk)


@breaks("meeting_has_started", by="clinician1")
def _(c):
    former = c.network.team.get(staff=c.former)
    return insert(
        TeamChange,
        network_id=c.network.pk,
        meeting_id=c.booked.pk,
        left_id=former.pk,
        reason="So",
        by_id=c.clinician1.pk,
    )


@breaks("line_says_something", by="clinician1")
def _(c):
    return line(going_on(c), c, text=" \n ")


@breaks("line_of_one_voice", by="clinician1")
def _(c):
    return line(going_on(c), c, member_id=c.person.pk, staff_id=c.clinician1.pk)


@breaks("voice_is_attributed", by="clinician1")
def _(c):
    return line(going_on(c), c, voice=" ")


@breaks("action_says_who_when_and_who_looks_after", by="clinician1")
def _(c):
    return line(going_on(c), c, kind="action", voice="", action_who="Marja", action_by=now().date())


@breaks("line_state_fits_kind", by="clinician1")
def _(c):
    return line(going_on(c), c, kind="decision", state="kept")


@breaks("line_state_fits_kind", by="clinician1")
def _(c):
    return line(going_on(c), c, kind="voice", state="accepted")


@breaks("one_of_the_answers_line", by="clinician1")
def _(c):
    """A decision in a state that nobody has heard of, without the person."""
    return line(going_on(c, c.clinician1), c, kind="decision", state="agreed")


@breaks("one_of_the_answers_line", by="clinician1")
def _(c):
    return line(going_on(c), c, kind="assessment")


@breaks("refused_says_why", by="clinician1")
def _(c):
    return line(going_on(c), c, kind="decision", state="refused")


@breaks("said_not_in_future", by="clinician1")
def _(c):
    return line(going_on(c), c, said_at=now(9))


@breaks("meetings_line_uuid_key", by="clinician1")
def _(c):
    return line(going_on(c), c, uuid=c.voice.uuid)


@breaks("replaced_before_the_close", by="clinician1")
def _(c):
    return line(c.held, c, replaces_id=c.voice.pk)


@breaks("replaced_before_the_close", by="clinician1")
def _(c):
    """A voice in the place of a decision."""
    meeting = going_on(c)
    return line(meeting, c, replaces_id=say(meeting, "We wait.", kind="decision").pk)


@breaks("decision_with_the_person", by="clinician1")
def _(c):
    return line(going_on(c, c.mother, c.clinician1), c, kind="decision", state="accepted")


@breaks("decision_with_the_person", by="clinician1")
def _(c):
    """Said before she came in, sent after."""
    meeting = going_on(c, c.clinician1)
    return [
        presence(meeting, c, member_id=c.person.pk, arrived_at=now(-10)),
        line(meeting, c, kind="decision", state="accepted", said_at=now(-11)),
    ]


@breaks("decision_with_the_person", by="clinician1")
def _(c):
    """Said after she went out."""
    meeting = going_on(c)
    there = meeting.presences.get(member=c.person)
    return [change(there, left_at=now(-10)), line(meeting, c, kind="decision", state="accepted", said_at=now(-9))]


@breaks("decision_with_the_person", by="clinician1")
def _(c):
    """Her presence was a mistake."""
    meeting = going_on(c)
    there = meeting.presences.get(member=c.person)
    return [change(there, mistaken_at=now()), line(meeting, c, kind="decision", state="accepted")]


@breaks("decision_in_a_meeting", by="clinician1")
def _(c):
    return line(going_on(c), c, kind="decision", state="accepted", said_at=now(-31))


@breaks("decision_in_a_meeting", by="clinician1")
def _(c):
    return line(c.held, c, kind="decision", state="accepted")


@breaks("entered_afterwards_waits", by="clinician1")
def _(c):
    return line(going_on(c, entered_afterwards=True, entered_why="no phone"), c, kind="decision", state="accepted")


@breaks("only_afterwards_waits", by="clinician1")
def _(c):
    return line(going_on(c), c, kind="decision", state="to_be_confirmed")


@breaks("confirmed_in_a_later_meeting", by="clinician1")
def _(c):
    meeting = going_on(c)
    return line(meeting, c, kind="decision", state="confirmed", confirmed_in_id=meeting.pk, confirmed_at=now())


@breaks("confirmed_in_a_meeting", by="clinician1")
def _(c):
    meeting = going_on(c)
    return line(meeting, c, confirmed_in_id=meeting.pk, confirmed_at=now())


def waiting(c):
    """A decision entered afterwards."""
    meeting = make_meeting(
        c.case, c.clinician1, starts_at=now(-60 * 9), entered_afterwards=True, entered_why="The phone was dead"
    )
    start(meeting, c.person, c.clinician1, at=now(-60 * 9))
    return say(meeting, "We wait until Monday.", kind="decision", state="to_be_confirmed", at=now(-60 * 8))


@breaks("confirmed_by_the_person_in_a_meeting", by="clinician1")
def _(c):
    """Without her in the room."""
    decision = waiting(c)
    return change(
        decision, state="confirmed", confirmed_in_id=going_on(c, c.mother, c.clinician1).pk, confirmed_at=now()
    )


@breaks("confirmed_by_the_person_in_a_meeting", by="clinician1")
def _(c):
    """In the meeting that it waits from."""
    decision = waiting(c)
    return change(decision, state="confirmed", confirmed_in_id=decision.meeting_id, confirmed_at=now())


@breaks("confirmed_by_the_person_in_a_meeting", by="clinician1")
def _(c):
    """What was not accepted is not accepted later by an update."""
    refused = say(going_on(c), "We part.", kind="decision", state="refused", refused_why="decision_with_the_person")
    return change(refused, state="accepted")


@breaks("late_line_seen_by_the_person", by="clinician1")
def _(c):
    return change(say(c.held, "This came late.", who=c.mother, at=now(-60 * 200)), seen_by_person_at=now())


@breaks("late_line_seen_by_the_person", by="person")
def _(c):
    return change(c.voice, seen_by_person_at=now())


# -- Read back, beside the note -----------------------------------------------------------------------------------------------


@breaks("differs_in_own_words", by="clinician1")
def _(c):
    return read_back(going_on(c), member_id=c.person.pk, answer="differs", words=" ")


@breaks("one_of_the_answers_read_back", by="clinician1")
def _(c):
    return read_back(going_on(c), member_id=c.person.pk, answer="shrugs")


@breaks("read_back_to_those_present", by="clinician1")
def _(c):
    return read_back(going_on(c), member_id=c.mother.pk)


@breaks("read_back_of_one", by="clinician1")
def _(c):
    meeting = going_on(c)
    presence_of_nobody = read_back(meeting, member_id=c.person.pk, staff_id=c.clinician1.pk)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE meetings_readback DISABLE TRIGGER fits")  # which would refuse first
    return presence_of_nobody


@breaks("member_read_back_once", by="clinician1")
def _(c):
    meeting = going_on(c)
    return [read_back(meeting, member_id=c.person.pk), read_back(meeting, member_id=c.person.pk)]


@breaks("staff_read_back_once", by="clinician1")
def _(c):
    meeting = going_on(c)
    return [read_back(meeting, staff_id=c.clinician1.pk), read_back(meeting, staff_id=c.clinician1.pk)]


@breaks("addendum_after_the_close", by="person")
def _(c):
    return addendum(going_on(c), c, member_id=c.person.pk)


@breaks("addendum_says_something", by="person")
def _(c):
    return addendum(c.held, c, member_id=c.person.pk, text=" ")


@breaks("addendum_of_one", by="person")
def _(c):
    return addendum(c.held, c, member_id=c.person.pk, staff_id=c.clinician1.pk)


@breaks("one_of_the_answers_addendum", by="person")
def _(c):
    return addendum(c.held, c, member_id=c.person.pk, kind="edited")


@breaks("meetings_addendum_uuid_key", by="person")
def _(c):
    uuid = uuid4()
    return [
        addendum(c.held, c, member_id=c.person.pk, uuid=uuid),
        addendum(c.held, c, member_id=c.person.pk, uuid=uuid),
    ]


# -- Exceptions ---------------------------------------------------------------------------------------------------------------


@breaks("exception_says_what", by="clinician1")
def _(c):
    return exception_row(c, text=" ")


@breaks("exception_says_who", by="clinician1")
def _(c):
    return exception_row(c, decided_by="")


@breaks("exception_says_why", by="clinician1")
def _(c):
    return exception_row(c, why="")


@breaks("exception_not_in_future", by="clinician1")
def _(c):
    return exception_row(c, decided_at=now(9))


@breaks("meetings_decidedwithout_uuid_key", by="clinician1")
def _(c):
    uuid = uuid4()
    return [exception_row(c, uuid=uuid), exception_row(c, uuid=uuid)]


@breaks("brought_to_a_meeting_to_come", by="clinician1")
def _(c):
    return exception_row(c, bring_to_id=c.held.pk)


@breaks("taken_up_in_a_meeting_with_words", by="clinician1")
def _(c):
    return change(exception(c), taken_up_in_id=going_on(c).pk, taken_up_at=now())


@breaks("taken_up_with_the_person", by="clinician1")
def _(c):
    return change(
        exception(c),
        taken_up_in_id=going_on(c, c.mother, c.clinician1).pk,
        taken_up_at=now(),
        taken_up_words="We said so.",
    )


@breaks("taken_up_with_the_person", by="clinician1")
def _(c):
    """In a meeting that is over."""
    return change(exception(c), taken_up_in_id=c.held.pk, taken_up_at=c.held.starts_at, taken_up_words="We said so.")


# -- Of another network -------------------------------------------------------------------------------------------------------


@breaks("of_the_same_network", by="clinician1")
def _(c):
    return line(going_on(c), c, member_id=c.person2.pk)


@breaks("of_the_same_network", by="clinician1")
def _(c):
    return presence(going_on(c), c, member_id=c.person2.pk)


@breaks("of_the_same_network", by="clinician1")
def _(c):
    return invitation(c.booked, c.person2)


@breaks("of_the_same_network", by="person")
def _(c):
    return share_row(c, member_id=make_member(c.network2, "Jussi").pk)


@breaks("of_the_same_network", by="coordinator")
def _(c):
    return insert(MeetingStaff, meeting_id=c.booked.pk, staff_id=c.clinician4.pk)


@breaks("of_the_same_network", by="coordinator")
def _(c):
    seen = {"before_id": c.coordinator.pk, "before_since": c.case.taken_at}
    return insert(CaseHandover, case_id=c.case.pk, after_id=c.coordinator2.pk, by_id=c.coordinator.pk, **seen)


@breaks("of_the_same_network", by="clinician1")
def _(c):
    return change(exception(c), bring_to_id=c.meeting2.pk)


@breaks("of_the_same_network", by="person")
def _(c):
    """Beside a line of another meeting."""
    other = say(close_now(c), "Another day.", who=c.mother)
    return addendum(c.held, c, member_id=c.person.pk, line_id=other.pk)


def close_now(c):
    return close(going_on(c))


# -- What is written stays ----------------------------------------------------------------------------------------------------


@breaks("stays_as_written", by="clinician1")
def _(c):
    """A closed meeting gets another end."""
    return change(c.held, night_number="9")


@breaks("stays_as_written", by="clinician1")
def _(c):
    """A meeting that goes on began at another time."""
    return change(going_on(c), started_at=now(-20))


@breaks("stays_as_written", by="clinician1")
def _(c):
    """She came back from leaving by an emptied time."""
    there = c.held.presences.get(member=c.person)
    return change(there, left_at=None)


@breaks("stays_as_written", by="clinician1")
def _(c):
    return insert(MeetingStaff, meeting_id=c.held.pk, staff_id=c.clinician3.pk)


@breaks("stays_as_written", by="clinician1")
def _(c):
    return change(c.held.staffing.get(staff=c.clinician1), active=False)


@breaks("stays_as_written", by="clinician1")
def _(c):
    """A line that says by itself that the person has seen it."""
    return line(c.held, c, seen_by_person_at=now())


@breaks("stays_as_written", by="coordinator")
def _(c):
    """A caller's words, once they are there."""
    return change(c.case.referrals.get(), told="yes", words="She is well.")


@breaks("stays_as_written", by="clinician1")
def _(c):
    """An exception that was taken up is taken up again."""
    meeting, row = going_on(c), exception(c)
    values = {"taken_up_in_id": meeting.pk, "taken_up_at": now(), "taken_up_words": "We said so."}
    return [change(row, **values), change(row, **values | {"taken_up_words": "We never did."})]


@breaks("stays_as_written", by="clinician1")
def _(c):
    """Something in the place of what was confirmed."""
    decision = waiting(c)
    return [
        change(decision, state="confirmed", confirmed_in_id=going_on(c).pk, confirmed_at=now()),
        line(decision.meeting, c, kind="decision", state="to_be_confirmed", replaces_id=decision.pk),
    ]


# -- Who is reached, and by which address -------------------------------------------------------------------------------------


def address(user, email):
    return 'INSERT INTO account_emailaddress (user_id, email, verified, "primary") VALUES (%s, %s, true, false)', [
        user.pk,
        email,
    ]


def message(c, to, *, kind="message", service=None, network=None):
    return "SELECT od.queue_message('of ours', %s, %s, %s, %s, NULL)", [
        kind,
        (service or c.service).pk,
        (network or c.network).pk,
        to,
    ]


@breaks("account_has_one_address", by="friend")
def _(c):
    return address(c.friend.user, c.mother.user.email)


@breaks("account_has_one_address", by="coordinator")
def _(c):
    """Its own, but of another account."""
    return [address(c.coordinator.user, c.coordinator.user.email), address(c.coordinator.user, c.person.user.email)]


@breaks("message_to_those_concerned", by="coordinator")
def _(c):
    return message(c, "somebody@example.org")


@breaks("message_to_those_concerned", by="coordinator")
def _(c):
    """Staff of another service."""
    return message(c, c.coordinator2.user.email, kind="staff")


@breaks("message_to_those_concerned", by="coordinator2")
def _(c):
    """To a member of a network that is none of theirs."""
    return message(c, c.mother.user.email)


@breaks("message_to_those_concerned", by="person2")
def _(c):
    return message(c, c.mother.user.email)


@breaks("message_to_those_concerned", by="coordinator2")
def _(c):
    """The network of one service under the name of another."""
    return message(c, c.coordinator2.user.email, kind="staff", service=c.elsewhere)


@breaks("of_the_same_network", by="person")
def _(c):
    """To let somebody read who has left: it would hold as soon as they come back."""
    Member.objects.filter(pk=c.friend.pk).update(left_at=now(), left_reason="He moved")
    return insert(Consent, member_id=c.friend.pk, covers="all", how="own_page", recorded_by_id=c.person.user.pk)


@breaks("message_to_those_concerned", by="person")
def _(c):
    """Something that nobody has heard of."""
    return message(c, c.mother.user.email, kind="you are in a crisis")


# -- Times that could be chosen, and ends that leave something open -------------------------------------------------------------


@breaks("hands_over_before_leaving")
def _(c):
    return change(c.coordinator, left_at=now())


@breaks("hands_over_before_leaving")
def _(c):
    """On duty, though nothing waits with them."""
    Case.objects.filter(owner=c.coordinator).update(owner=c.lead)
    return change(c.coordinator, left_at=now())


@breaks("closed_with_nothing_unsaid", by="coordinator")
def _(c):
    exception(c)
    nothing_booked(c)
    return closure(c, kind="together", decided_in=c.held.uuid, second_staff_id=None)


@breaks("booked_ahead", by="clinician1")
def _(c):
    """Booked for last week and started in the same breath."""
    uuid, then = uuid4(), now(-60 * 24 * 7)
    begin = "UPDATE meetings_meeting SET status = 'started', started_at = %s WHERE uuid = %s"
    return [booking(c, uuid=uuid, starts_at=then, booked_by_id=c.clinician1.pk), (begin, [then, uuid])]

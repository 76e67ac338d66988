"""How each rule of the database can be broken: what has to be there, and the statements that whoever comes closest to being allowed to
then tries. Where the app's role has no right to try at all (clocks, accounts), nobody is named and the owner of the tables tries.
"""

import json
from collections import defaultdict
from datetime import timedelta
from uuid import uuid4

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from meetings.models import (
    Addendum,
    DecidedWithout,
    Invitation,
    KeptBack,
    Line,
    Meeting,
    MeetingStaff,
    NoteShare,
    OnTheWay,
    OutOfSight,
    Presence,
    ReadBack,
    TakenEntry,
    TeamChange,
    ToBring,
    Told,
)
from network.models import Consent, Inquiry, Member, Opening, ReaderPause, Staff, TeamMember, User, WayIn
from referrals.models import (
    Case,
    CaseClosure,
    CaseHandover,
    Contact,
    FirstHeardCorrection,
    OnCall,
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
    make_staff,
    open_in_need,
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


def taken_row(c):
    return insert(TakenEntry, meeting_id=c.booked.pk, taken_from_id=c.clinician1.pk)


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


def called_back(c):
    return Contact.objects.create(
        case=c.case, network=c.network, service=c.service, kind="called_back", by_staff=c.coordinator, words="She sleeps.", at=now(-1)
    )  # fmt: skip


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
    return change(c.clinician3, is_clinician=False)


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


@breaks("audit_verb_is_known", by="coordinator")
def _(c):
    return "SELECT od.log_audit('took Elina to hospital', 'case', %s)", [c.case.uuid]


@breaks("audit_in_plain_words", by="coordinator")
def _(c):
    return "SELECT od.log_audit('took a call', 'of Elina', %s)", [c.case.uuid]


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


def twice(c, **extra):
    """A guest whom two phones named in a meeting: the earlier row and the later one."""
    meeting = going_on(c)
    rows = [make_member(c.network, name, account=False, **extra) for name in ("Anna", "  anna")]
    for one in rows:
        scope = {"meeting": meeting, "network": c.network, "service": c.service, "recorded_by": c.clinician1}
        Presence.objects.create(uuid=one.uuid, member=one, name=one.name, arrived_at=now(-9), **scope)
    return rows


def same(one, other, **extra):
    return change(one, **{"same_as_id": other.pk, "left_at": now(), "left_reason": "The same person as Anna."} | extra)


@breaks("same_person_of_one_name", by="clinician1")
def _(c):
    return same(twice(c)[1], c.mother)


@breaks("same_person_of_one_name", by="clinician1")
def _(c):
    return same(twice(c)[1], c.person2)


@breaks("same_person_of_one_name", by="clinician1")
def _(c):
    return same(make_member(c.network, "Anna", account=False), twice(c)[0])  # not named in a meeting


@breaks("same_person_of_one_name", by="clinician1")
def _(c):
    first, second = twice(c)
    return same(second, first, left_at=None, left_reason="")


@breaks("same_person_of_one_name", by="clinician1")
def _(c):
    first, second = twice(c)
    return [same(second, first), same(first, second)]


@breaks("same_person_of_one_name", by="clinician1")
def _(c):
    return same(twice(c)[1], make_member(c.network, "Anna", account=False, left_at=now(), left_reason="She moved"))


@breaks("same_person_of_one_name")
def _(c):
    first, second = twice(c)
    return same(second, first, user_id=c.lead.user.pk, joined_at=now())


@breaks("same_person_of_one_name", by="clinician1")
def _(c):
    guest = twice(c)[1]
    return insert(
        Member, network_id=c.network.pk, name="Anna", same_as_id=guest.pk, left_at=now(), left_reason="The same"
    )


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


def pause_row(c, **extra):
    return insert(
        ReaderPause, **{"member_id": c.mother.pk, "how": "own_page", "recorded_by_id": c.person.user.pk} | extra
    )


def paused(c, member):
    return ReaderPause.objects.create(
        member=member, network=c.network, service=c.service, how="own_page", recorded_by=c.person.user
    )


@breaks("consent_lasts_until_a_time_to_come", by="person")
def _(c):
    return consent_row(c, until=now(-1))


@breaks("consent_since_a_time_before", by="person")
def _(c):
    return consent_row(c, covers="from_now", since=now(5))


@breaks("consent_since_a_time_before", by="clinician1")
def _(c):
    return consent_row(c, since=now(-5), **on_paper(c, where="in the kitchen"))


@breaks("share_lasts_until_a_time_to_come", by="person")
def _(c):
    return share_row(c, until=now(-1))


@breaks("reader_is_not_paused", by="person")
def _(c):
    paused(c, c.friend)
    return consent_row(c)


@breaks("reader_is_not_paused", by="clinician1")
def _(c):
    paused(c, c.friend)
    return share_row(c, **on_paper(c, where="in the kitchen"))


@breaks("pause_one_at_a_time", by="person")
def _(c):
    return [pause_row(c), pause_row(c)]


@breaks("pause_names_its_witness", by="clinician1")
def _(c):
    return pause_row(c, **on_paper(c, where="in the kitchen", witness=" "))


@breaks("consent_says_where", by="clinician1")
def _(c):
    return pause_row(c, **on_paper(c, where=" "))


@breaks("consent_is_for_others", by="person")
def _(c):
    return pause_row(c, member_id=c.person.pk)


@breaks("one_of_the_answers_pause", by="clinician1")
def _(c):
    return pause_row(c, how="by_rumour", where="x", witness="y", recorded_by_id=c.clinician1.user.pk)


@breaks("pause_ends_by_the_persons_word", by="clinician1")
def _(c):
    return change(paused(c, c.mother), ended_at=now(), ended_by_id=c.clinician1.user.pk, ended_where="The kitchen")


@breaks("pause_ended_by_somebody")
def _(c):
    """By nobody: the owner of the tables tries, for the app's role has to say that it was itself."""
    return change(paused(c, c.mother), ended_at=now())


@breaks("stays_as_written", by="person")
def _(c):
    """A pause that is over, begun again under the old word."""
    row = paused(c, c.mother)
    ReaderPause.objects.filter(pk=row.pk).update(ended_at=now(), ended_by=c.person.user)
    return change(row, ended_at=now(), ended_by_id=c.person.user.pk)


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


def way_row(c, **extra):
    return insert(OnTheWay, **{"meeting_id": c.booked.pk, "moves": 0, "going": True, "by_id": c.clinician1.pk} | extra)


@breaks("on_the_way_before_it_starts", by="clinician1")
def _(c):
    start(c.booked, c.clinician1)
    return way_row(c)


@breaks("on_the_way_within_hours", by="clinician1")
def _(c):
    return way_row(c, meeting_id=make_meeting(c.case, c.clinician1, starts_at=now(600)).pk)


@breaks("on_the_way_said_once", by="clinician1")
def _(c):
    return [way_row(c), way_row(c)]


@breaks("on_the_way_said_once", by="clinician1")
def _(c):
    """Nobody takes back what nobody said."""
    return way_row(c, going=False)


@breaks("moved_meanwhile", by="clinician1")
def _(c):
    return way_row(c, moves=1)


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


@breaks("stays_as_written", by="clinician1")
def _(c):
    """A reason of a cancellation that never was would be told for ever."""
    return change(c.booked, cancelled_reason="snow")


@breaks("booked_ahead", by="clinician1")
def _(c):
    """A meeting of last week that nobody had booked, cancelled in the same breath: it could be held all the same."""
    uuid, then = uuid4(), now(-60 * 24 * 7)
    cancel = "UPDATE meetings_meeting SET status = 'cancelled', cancelled_at = now(), cancelled_reason = 'snow' WHERE uuid = %s"
    return [
        booking(c, uuid=uuid, starts_at=then, booked_by_id=c.clinician1.pk),
        (cancel, [uuid]),
        ("SET CONSTRAINTS ALL IMMEDIATE", []),
    ]


@breaks("meeting_times_fit_status", by="clinician1")
def _(c):
    return change(c.booked, started_at=now(-5))


@breaks("recorded_by_those_who_came", by="coordinator")
def _(c):
    return change(c.booked, status="started", started_at=now())


@breaks("recorded_by_those_who_came", by="coordinator")
def _(c):
    """A beginning that is moved back from the desk."""
    return change(going_on(c), started_at=now(-35))


@breaks("recorded_by_those_who_came", by="coordinator")
def _(c):
    cancelled_with(c)
    return change(c.booked, status="started", started_at=now(), cancelled_at=None)


@breaks("recorded_by_those_who_came", by="clinician3")
def _(c):
    return "SELECT od.take_entry(%s, %s)", [uuid4(), c.booked.pk]


@breaks("meetings_presence_uuid_key", by="clinician2")
def _(c):
    """What another hand's phone has sent is not called taken from this one."""
    mine = TakenEntry.objects.create(
        uuid=uuid4(), meeting=c.booked, taken_from=c.clinician1, network=c.network, service=c.service
    )
    return "SELECT od.take_entry(%s, %s)", [mine.uuid, c.booked.pk]


@breaks("case_is_open", by="clinician1")
def _(c):
    """Held all the same, in a case that is closed by now."""
    closed(c)
    return change(c.booked, status="started", started_at=now(), cancelled_at=None)


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


@breaks("meeting_was_cancelled", by="clinician1")
def _(c):
    cancelled_with(c)
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


@breaks("only_lines_of_the_meeting", by="clinician3")
def _(c):
    covered = make_meeting(c.case, c.clinician1, c.clinician3, starts_at=now(-40))
    close(start(covered, c.person, c.clinician1, at=now(-30)), at=now(-2))
    told = {"uuid": str(uuid4()), "kind": "told", "text": "Elina came in.", "said_at": str(now(-9))}
    return "SELECT od.keep_late_line(%s, '', %s)", [covered.uuid, json.dumps(told)]


@breaks("who_comes_has_changed", by="clinician3")
def _(c):
    """Somebody else comes in her place; then it is closed, too."""
    meeting = going_on(c)
    MeetingStaff.objects.create(meeting=meeting, staff=c.clinician3, network=c.network, service=c.service, active=False)
    said = {"uuid": str(uuid4()), "kind": "voice", "voice": "Elina", "text": "So.", "said_at": str(now(-9))}
    return "SELECT od.keep_late_line(%s, '', %s)", [meeting.uuid, json.dumps(said)]


@breaks("replaced_before_the_close", by="clinician1")
def _(c):
    return line(c.held, c, replaces_id=c.voice.pk)


@breaks("replaced_before_the_close", by="clinician1")
def _(c):
    """A voice in the place of a decision."""
    meeting = going_on(c)
    return line(meeting, c, replaces_id=say(meeting, "We wait.", kind="decision").pk)


@breaks("replaced_before_the_close", by="clinician1")
def _(c):
    """A choice, told after the close: it replaces nothing that was read back."""
    said = {"said_at": c.held.started_at + hours(1), "text": c.voice.text, "chosen": True}
    return line(c.held, c, replaces_id=c.voice.pk, **said)


@breaks("choice_keeps_the_words", by="clinician1")
def _(c):
    meeting = going_on(c)
    return line(meeting, c, replaces_id=say(meeting, "I whisper.", who=c.person).pk, text="She shouts.", chosen=True)


@breaks("choice_keeps_the_words", by="clinician1")
def _(c):
    """A choice of nothing."""
    return line(going_on(c), c, chosen=True)


@breaks("left_is_told_after_the_close", by="clinician1")
def _(c):
    """While it goes on, a departure is the end of a presence: a line would contest decisions past it."""
    return line(going_on(c), c, kind="left", member_id=c.person.pk, voice="Elina")


@breaks("left_is_told_after_the_close", by="clinician1")
def _(c):
    return line(c.held, c, kind="left", member_id=c.person.pk, voice="Elina", said_at=c.held.closed_at)


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


@breaks("stays_as_written")
def _(c):
    """What was read back is called late afterwards, and so taken from those who read it."""
    return change(c.voice, late=True)


@breaks("stays_as_written")
def _(c):
    """What came late is called read back."""
    return change(say(c.held, "This came late.", who=c.mother, at=now(-60 * 200)), late=False)


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


# -- Opening in need ----------------------------------------------------------------------------------------------------------


def opening(c, person="Elina", back="040 555 0134", why="She rang.", hours=4):
    return "SELECT * FROM od.open_in_need(%s, %s, %s, %s)", [person, back, why, hours]


breaks("opening_says_why", by="clinician3")(lambda c: opening(c, why=" "))
breaks("opening_for_some_hours", by="clinician3")(lambda c: opening(c, hours=99))
breaks("opening_says_why")(lambda c: insert(Opening, **opened(c, reason="")))
breaks("opening_for_some_hours")(lambda c: insert(Opening, **opened(c, hours=48)))
breaks("opening_for_some_hours", by="clinician3")(lambda c: opening(c, "Nobody", hours=None))


def opened(c, **extra):
    return {"network_id": c.network.pk, "staff_id": c.clinician3.pk, "reason": "She rang.", "hours": 4, "opened_at": now(),
            "ends_at": now()} | extra  # fmt: skip


@breaks("opening_is_for_staff", by="person2")
def open_without_working_here(c):
    return opening(c)


@breaks("opening_is_for_staff", by="clinician3")
def open_a_network_of_ones_own(c):
    Member.objects.filter(pk=c.friend.pk).update(user=c.clinician3.user)
    return opening(c)


@breaks("opening_is_for_staff")
def open_the_network_one_has_left(c):
    Member.objects.filter(pk=c.friend.pk).update(user=c.clinician3.user, left_at=now(), left_reason="Moved")
    return insert(Opening, **opened(c))


breaks("opening_one_at_a_time")(lambda c: [insert(Opening, **opened(c)), insert(Opening, **opened(c, hours=1))])


@breaks("opening_is_over", by="clinician3")
def end_what_has_ended_by_itself(c):
    return change(
        open_in_need(c.network, c.clinician3, opened_at=now(-300)), ended_at=now(), ended_by_id=c.clinician3.user.pk
    )


@breaks("opening_is_over", by="person")
def open_again_what_was_ended(c):
    one = open_in_need(c.network, c.clinician3)
    Opening.objects.filter(pk=one.pk).update(ended_at=now(), ended_by=c.person.user)
    return change(one, ended_at=None, ended_by_id=c.person.user.pk)


breaks("opening_ended_by_somebody")(lambda c: change(open_in_need(c.network, c.clinician3), ended_at=now()))


# -- Looking into the log -----------------------------------------------------------------------------------------------------


def inquiry(c, **extra):
    return insert(Inquiry, **{"by_id": c.lead.pk, "service_id": c.service.pk, "purpose": "A complaint."} | extra)


breaks("inquiry_says_why", by="lead")(lambda c: inquiry(c, purpose=" "))
breaks("inquiry_days_in_order", by="lead")(lambda c: inquiry(c, first_day="2026-03-04", last_day="2026-03-03"))
breaks("of_the_same_network", by="lead")(lambda c: inquiry(c, network_id=c.network2.pk))
breaks("of_the_same_network", by="lead")(lambda c: inquiry(c, reader_id=c.clinician4.pk))


def make_way_in(member, kind):
    return "SELECT od.make_way_in(%s, %s, %s, %s)", [member.uuid, kind, uuid4(), uuid4().hex]


@breaks("way_in_for_those_wanted", by="coordinator")
def _(c):
    return make_way_in(make_member(c.network, "Kerttu", account=False, email="k@example.org", wanted=False), "email")


@breaks("way_in_needs_an_address", by="coordinator")
def _(c):
    return make_way_in(make_member(c.network, "Kerttu", account=False), "email")


@breaks("way_in_needs_a_number", by="coordinator")
def _(c):
    aunt = make_member(c.network, "Kerttu", account=False)
    type(aunt.contact).objects.filter(member=aunt).update(phone="040 555 0134")
    return make_way_in(aunt, "sms")


@breaks("paper_for_those_without", by="coordinator")
def _(c):
    return make_way_in(make_member(c.network, "Kerttu", account=False, email="k@example.org"), "paper")


@breaks("way_in_to_their_account", by="coordinator")
def _(c):
    type(c.mother.contact).objects.filter(member=c.mother).update(email="somebody@example.org")
    return make_way_in(c.mother, "email")


@breaks("one_of_the_answers_way_in", by="coordinator")
def _(c):
    return make_way_in(make_member(c.network, "Kerttu", account=False), "pigeon")


@breaks("way_in_handed_to_somebody", by="coordinator")
def _(c):
    way = WayIn.objects.create(
        network=c.network,
        service=c.service,
        member=c.friend,
        user=c.friend.user,
        kind="paper",
        secret="x",
        made_by=c.lead,
    )
    return "SELECT od.hand_over_way_in(%s, ' ', 'whom to call')", [way.uuid]


def way_in(c):
    who = {
        "network_id": c.network.pk,
        "service_id": c.service.pk,
        "member_id": c.friend.pk,
        "user_id": c.friend.user_id,
    }
    return insert(WayIn, kind="paper", secret="x", made_by_id=c.lead.pk, **who)


@breaks("way_in_has_its_address")
def _(c):
    who = {
        "network_id": c.network.pk,
        "service_id": c.service.pk,
        "member_id": c.friend.pk,
        "user_id": c.friend.user_id,
    }
    return insert(WayIn, kind="sms", secret="x", made_by_id=c.lead.pk, **who)


@breaks("user_phone_with_country")
def _(c):
    return change(c.lead.user, phone="040 555 0134")


# -- What the lead changes -------------------------------------------------------------------------------------------------------


def settings(c, **extra):
    """As the lead changes them, who has seen all that was changed."""
    now = {"seen": 0, "name": "Tornio team", "languages": "", "zone": "Europe/Helsinki", "emergency": "112", "advice": "Call 112.",
           "night": "016 555 0100", "reply": 72, "public": True} | extra  # fmt: skip
    return f"SELECT od.change_service(%s, {', '.join(['%s'] * len(now))})", [c.service.pk, *now.values()]


def roles(who, *chosen):
    """What somebody does here, as the lead changes it."""
    flags = [role in chosen for role in ("coordinator", "clinician", "lead")]
    return "SELECT od.change_staff(%s, %s, 'nurse', 'none', %s, %s, %s)", [who.uuid, who.name, *flags]


def somebody_new(c, service=None):
    """Somebody who begins to work here."""
    values = [(service or c.service).pk, uuid4(), "Kerttu", "kerttu@example.org", "nurse", "none", True, True, True]
    return f"SELECT od.add_staff({', '.join(['%s'] * len(values))})", values


def after_leaving(c, statement):
    """What a clinician of no team tries when their work here has ended."""
    Staff.objects.filter(pk=c.clinician3.pk).update(left_at=now())
    return statement


breaks("service_name_given", by="lead")(lambda c: settings(c, name=" "))
breaks("service_emergency_number_given", by="lead")(lambda c: settings(c, emergency="the usual one"))
breaks("service_emergency_advice_given", by="lead")(lambda c: settings(c, advice=" "))
breaks("service_reply_within_two_weeks", by="lead")(lambda c: settings(c, reply=337))
breaks("service_time_zone_known", by="lead")(lambda c: settings(c, zone="Europe/Tornio"))
breaks("service_time_zone_known", by="lead")(lambda c: settings(c, zone="FOO+3"))


@breaks("service_changed_meanwhile", by="lead")
def _(c):
    """By somebody who has not seen what a colleague has just changed."""
    return [settings(c, night="016 555 0101"), settings(c)]


breaks("service_keeps_a_lead")(lambda c: change(c.lead, left_at=now()))
breaks("service_keeps_a_lead")(lambda c: change(c.lead, is_lead=False, is_coordinator=True))


@breaks("service_keeps_a_lead")
def _(c):
    """The other one cannot sign in."""
    other = make_staff(c.service, "Lotta", "lead")
    User.objects.filter(pk=other.user_id).update(is_active=False)
    return change(c.lead, left_at=now())


@breaks("another_lead_does_this", by="lead")
def _(c):
    make_staff(c.service, "Lotta", "lead")
    return "SELECT od.end_staff(%s)", [c.lead.uuid]


@breaks("another_lead_does_this", by="lead")
def _(c):
    make_staff(c.service, "Lotta", "lead")
    return roles(c.lead, "coordinator")


@breaks("hands_over_before_leaving", by="lead")
def _(c):
    """A turn that is still to come."""
    period = DateTimeTZRange(now(60), now(120))
    OnCall.objects.create(service=c.service, role="clinician", staff=c.clinician3, period=period)
    return "SELECT od.end_staff(%s)", [c.clinician3.uuid]


@breaks("meeting_keeps_somebody", by="lead")
def _(c):
    """Nobody else comes."""
    make_meeting(c.case, c.clinician3, starts_at=now(60 * 48))
    return "SELECT od.end_staff(%s)", [c.clinician3.uuid]


@breaks("meeting_keeps_somebody")
def _(c):
    """The other one has left before; and it is going on."""
    meeting = make_meeting(c.case, c.clinician3, c.former, starts_at=now(-40))
    start(meeting, c.person, c.clinician3, at=now(-30))
    return [change(c.former, left_at=now()), change(c.clinician3, left_at=now())]


breaks("role_is_needed", by="lead")(lambda c: roles(c.coordinator, "clinician"))
breaks("role_is_needed", by="lead")(lambda c: roles(c.clinician1, "coordinator"))


@breaks("role_is_needed", by="lead")
def _(c):
    """Of no team, and expected at a meeting."""
    make_meeting(c.case, c.clinician3, starts_at=now(60 * 48))
    return roles(c.clinician3, "coordinator")


@breaks("role_is_needed", by="lead")
def _(c):
    """A turn that is still to come."""
    period = DateTimeTZRange(now(60), now(120))
    OnCall.objects.create(service=c.service, role="clinician", staff=c.clinician3, period=period)
    return roles(c.clinician3, "coordinator")


@breaks("owner_works_here")
def _(c):
    """A case given by hand to somebody who has left."""
    return [change(c.clinician3, left_at=now()), change(c.case, owner_id=c.clinician3.pk)]


breaks("one_of_the_answers_staff", by="lead")(
    lambda c: ("SELECT od.change_staff(%s, 'Leena', 'shaman', 'none', false, true, false)", [c.clinician1.uuid])
)


# -- One's own word on single lines ---------------------------------------------------------------------------------------------


def keep_row(c, **extra):
    return insert(KeptBack, **{"line_id": c.voice.pk, "member_id": c.person.pk} | extra)


def sight_row(c, **extra):
    values = {"meeting_id": c.held.pk, "line_id": c.voice.pk, "why": "wrong_case", "words": "About another family.",
              "asked_by_id": c.clinician1.pk} | extra  # fmt: skip
    return insert(OutOfSight, **values)


def asked(c, by, **extra):
    return OutOfSight.objects.create(
        **{"meeting": c.held, "network": c.network, "service": c.service, "line": c.voice, "why": "wrong_case",
           "words": "About another family.", "asked_by": by} | extra,
    )  # fmt: skip


def bring_row(c, **extra):
    return insert(ToBring, **{"network_id": c.network.pk, "member_id": c.person.pk, "text": "The nights."} | extra)


@breaks("kept_back_by_one", by="person")
def _(c):
    return keep_row(c, line_id=c.reflection.pk, staff_id=c.clinician1.pk)


@breaks("kept_back_once", by="person")
def _(c):
    return [keep_row(c), keep_row(c)]


@breaks("kept_back_by_whose_words", by="mother")
def _(c):
    return keep_row(c, member_id=c.mother.pk)


@breaks("kept_back_by_whose_words", by="clinician2")
def _(c):
    return keep_row(c, line_id=c.reflection.pk, member_id=None, staff_id=c.clinician2.pk)


@breaks("kept_back_as_it_stands", by="person")
def _(c):
    meeting = going_on(c)
    first = say(meeting, "So.", who=c.person)
    say(meeting, "So, then.", who=c.person, replaces=first)
    return keep_row(c, line_id=first.pk)


@breaks("stays_as_written", by="person")
def _(c):
    """What was shared again is kept back by a new word only."""
    row = KeptBack.objects.create(line=c.voice, meeting=c.held, network=c.network, service=c.service, member=c.person)
    KeptBack.objects.filter(pk=row.pk).update(ended_at=now())
    return change(row, ended_at=now())


@breaks("out_of_sight_one_thing", by="clinician1")
def _(c):
    beside = Addendum.objects.create(
        meeting=c.held, network=c.network, service=c.service, kind="added", text="Yes.", member=c.person, name="x"
    )
    return sight_row(c, addendum_id=beside.pk)


@breaks("out_of_sight_says_why", by="clinician1")
def _(c):
    return sight_row(c, words=" ")


@breaks("out_of_sight_repeats_nothing", by="clinician1")
def _(c):
    return sight_row(c, words=f"He said: {c.voice.text.upper()}")


@breaks("one_of_the_answers_out_of_sight", by="clinician1")
def _(c):
    return sight_row(c, why="it is unkind")


@breaks("out_of_sight_after_the_close", by="clinician1")
def _(c):
    meeting = going_on(c)
    return sight_row(c, meeting_id=meeting.pk, line_id=say(meeting, "So.", who=c.person).pk)


@breaks("out_of_sight_asked_once", by="clinician2")
def _(c):
    asked(c, c.clinician1)
    return sight_row(c, asked_by_id=c.clinician2.pk)


@breaks("out_of_sight_by_two_people", by="clinician1")
def _(c):
    return change(asked(c, c.clinician1), second_id=c.clinician1.pk)


@breaks("out_of_sight_in_own_name", by="clinician1")
def _(c):
    return change(asked(c, c.clinician1), second_id=c.clinician2.pk)


@breaks("out_of_sight_within_three_days", by="clinician2")
def _(c):
    return change(asked(c, c.clinician1, asked_at=now(-73 * 60)), second_id=c.clinician2.pk)


@breaks("out_of_sight_with_the_team", by="clinician3")
def _(c):
    """The owner of the case and somebody from the desk: neither was in the room, and neither leads."""
    Case.objects.filter(pk=c.case.pk).update(owner=c.clinician3)
    return change(asked(c, c.coordinator), second_id=c.clinician3.pk)


@breaks("stays_as_written", by="lead")
def _(c):
    """Done by two already: no third name."""
    row = asked(c, c.clinician1)
    OutOfSight.objects.filter(pk=row.pk).update(second=c.clinician2)
    return change(row, second_id=c.lead.pk)


@breaks("stays_as_written")
def _(c):
    """Not even the owner of the tables takes a line out of sight alone."""
    return change(c.voice, out_of_sight_at=now())


@breaks("stays_as_written")
def _(c):
    """And nothing brings it back."""
    OutOfSight.objects.filter(pk=asked(c, c.clinician1).pk).update(second=c.clinician2)
    return change(c.voice, out_of_sight_at=None)


@breaks("of_the_same_network", by="clinician1")
def _(c):
    """A line of another meeting."""
    other = make_meeting(c.case, c.clinician1, starts_at=now(-60 * 50))
    start(other, c.person, c.clinician1, at=now(-60 * 50))
    line_of_it = say(other, "So.", who=c.person, at=now(-60 * 50 + 5))
    close(other, at=now(-60 * 49))
    return sight_row(c, line_id=line_of_it.pk)


@breaks("of_the_same_network", by="clinician1")
def _(c):
    """A call belongs to no meeting."""
    return sight_row(c, line_id=None, contact_id=called_back(c).pk)


@breaks("out_of_sight_repeats_nothing", by="clinician1")
def _(c):
    return sight_row(c, meeting_id=None, line_id=None, contact_id=called_back(c).pk, words="It says: she  sleeps.")


@breaks("out_of_sight_asked_once", by="clinician2")
def _(c):
    contact = called_back(c)
    asked(c, c.clinician1, meeting=None, line=None, contact=contact)
    return sight_row(c, meeting_id=None, line_id=None, contact_id=contact.pk, asked_by_id=c.clinician2.pk)


@breaks("stays_as_written")
def _(c):
    """What may change as words go out of sight changes for nothing else, for nobody."""
    return change(called_back(c), words="She is well.")


@breaks("stays_as_written")
def _(c):
    return change(exception(c), text="We did nothing.")


@breaks("stays_as_written")
def _(c):
    return change(c.case.referrals.get(), call_back="040 555 0199")


@breaks("stays_as_written")
def _(c):
    return change(brought(c)[1], out_of_sight_at=now())


@breaks("stays_as_written")
def _(c):
    """And nothing brings it back."""
    row = called_back(c)
    OutOfSight.objects.filter(pk=asked(c, c.clinician1, meeting=None, line=None, contact=row).pk).update(
        second=c.clinician2
    )
    return change(row, words="She sleeps.", out_of_sight_at=None)


@breaks("to_bring_says_something", by="mother")
def _(c):
    return bring_row(c, member_id=c.mother.pk, text=" ")


@breaks("meetings_tobring_uuid_key", by="person")
def _(c):
    uuid = uuid4()
    return [bring_row(c, uuid=uuid), bring_row(c, uuid=uuid)]


def brought(c):
    """A meeting that goes on, and what the mother brings to it."""
    row = ToBring.objects.create(
        member=c.mother, network=c.network, service=c.service, text="The nights.", in_the_room=True, at=now(-90)
    )
    return going_on(c), row


@breaks("brought_taken_up_in_a_meeting")
def _(c):
    return bring_row(c, taken_up_at=now())


@breaks("taken_up_with_the_person", by="clinician1")
def _(c):
    """After the person has left."""
    meeting, row = brought(c)
    meeting.presences.filter(member=c.person).update(left_at=now(-5))
    return change(row, taken_up_in_id=meeting.pk, taken_up_at=now())


@breaks("taken_up_with_the_person", by="clinician1")
def _(c):
    """In somebody else’s meeting."""
    _, row = brought(c)
    return change(row, taken_up_in_id=c.meeting2.pk, taken_up_at=now())


@breaks("stays_as_written", by="clinician1")
def _(c):
    """Taken up once."""
    meeting, row = brought(c)
    ToBring.objects.filter(pk=row.pk).update(taken_up_in=meeting, taken_up_at=now())
    return change(row, taken_up_at=now())


@breaks("stays_as_written")
def _(c):
    """Whether everybody may see it, its author said as they wrote it."""
    return change(brought(c)[1], in_the_room=False)


@breaks("case_is_open", by="person")
def _(c):
    """Where nobody meets any more, nobody would read it."""
    closed(c)
    return bring_row(c)

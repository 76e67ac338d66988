"""Every rule of the database, broken by straight SQL under the app's own role, by whoever comes closest to being allowed to.

A rule is a constraint or what a trigger gives to od.refuse. They are counted from the models, the migrations and the database itself: a
rule without a break (tests/meetings/breaks.py) fails.
"""

import re
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction

from meetings.models import KeptBack, OutOfSight
from network.models import Member, TeamMember
from network.rules import SENTENCES
from referrals.models import Case, CaseHandover, FirstHeardCorrection, UrgencyChange
from tests.conftest import acting_as, role
from tests.factories import flush_constraints
from tests.meetings import breaks as b
from tests.meetings.breaks import BREAKS
from tests.referrals import escalation_breaks
from tests.standing import standing, taken_back

# Said by an action, with no row that could break them: a value that fits no column, and a form sent again by whom it is no longer.
OF_ACTIONS = {"does_not_fit", "call_with_a_colleague", "sealed_by_its_author", "sealed_for_its_meeting", "sealed_to_a_known_key",
              "sealed_as_written", "address_is_taken"}  # fmt: skip
OURS = [m for m in apps.get_models() if m._meta.app_label in ("network", "referrals", "meetings")]
ENTRIES = [
    pytest.param(rule, *entry, id=f"{rule}-{n}")
    for rule, entries in sorted(BREAKS.items())
    for n, entry in enumerate(entries, 1)
]

__all__ = ["standing"]  # a fixture


def rules():
    """The names of all rules, from the models, the migrations, the sentences and the catalogue."""
    found = set(SENTENCES)
    for model in OURS:
        found |= {constraint.name for constraint in model._meta.constraints}
    for path in settings.BASE_DIR.glob("*/migrations/sql/*.sql"):
        found |= set(re.findall(r"od\.refuse\('(\w+)'\)", path.read_text()))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'x') AND conrelid::regclass::text = ANY (%s)",
            [[m._meta.db_table for m in OURS]],
        )
        found |= {
            name for (name,) in cursor.fetchall() if not name.endswith("_check")
        }  # Django's own, of number fields
    return found - OF_ACTIONS


def perform(statements):
    with connection.cursor() as cursor:
        for sql, values in statements if isinstance(statements, list) else [statements]:
            cursor.execute(sql, values)
    flush_constraints()


@contextmanager
def trying(cast, by):
    """Under the app's role as one of the cast, or as the public; as the owner of the tables when nobody is named."""
    if not by:
        yield
        return
    with role("od_app"), acting_as(None if by == "public" else getattr(cast, by).user.pk):
        yield


@pytest.mark.django_db
def test_every_rule_is_broken_here():
    assert rules() - set(BREAKS) == set(), "rules that nobody tries to break"
    assert set(BREAKS) - rules() == set(), "rules that are no more"


@pytest.mark.parametrize(("rule", "by", "make"), ENTRIES)
def test_the_database_refuses(standing, rule, by, make):
    with taken_back():
        statements = make(standing)
        with pytest.raises(IntegrityError) as refused, transaction.atomic(), trying(standing, by):
            perform(statements)
        assert refused.value.__cause__.diag.constraint_name == rule


# -- What only rights and row security keep: there is no rule with a sentence, because no page offers it ------------------------

FORBIDDEN = {
    # 1, 2: clocks, cases and referrals come and go through their one door
    "start a case": ("coordinator", lambda c: b.insert(Case, network_id=c.network.pk, owner_id=c.coordinator.pk)),
    "move a clock": ("coordinator", lambda c: b.change(c.timer, first_heard_at=b.now())),
    "stop a clock": ("lead", lambda c: b.change(c.case.timers.get(), outcome="met", met_at=b.now())),
    "take a case by its column": ("coordinator", lambda c: b.change(c.case, owner_id=c.lead.pk)),
    "correct in another's name": (
        "coordinator",
        lambda c: b.insert(
            FirstHeardCorrection, timer_id=c.timer.pk, original=b.now(), corrected=b.now(-60 * 300), reason="So", by_id=c.lead.pk
        ),
    ),
    "correct from another team": (
        "clinician3",
        lambda c: b.insert(
            FirstHeardCorrection, timer_id=c.timer.pk, original=b.now(), corrected=b.now(-60 * 300), reason="So", by_id=c.clinician3.pk
        ),
    ),
    "log a contact of another service's case": (
        "coordinator2",
        lambda c: b.contact(c),
    ),
    "a wish in the person's name": ("mother", lambda c: b.contact(c, kind="wish", by_staff_id=None, by_member_id=c.person.pk)),
    "close under another's name": ("coordinator", lambda c: [b.nothing_booked(c), b.closure(c, first_staff_id=c.lead.pk)][1]),
    # 4, 5: who is there is said by the person; the team is not joined from outside
    "let oneself in": ("clinician3", lambda c: b.insert(TeamMember, network_id=c.network.pk, staff_id=c.clinician3.pk)),
    "take somebody from the team": ("clinician3", lambda c: b.change(c.network.team.first(), left_at=b.now())),
    "add a member to another's network": ("person", lambda c: b.insert(Member, network_id=c.network2.pk, name="Elina")),
    "add another person at the centre": ("coordinator", lambda c: b.insert(Member, network_id=c.network.pk, name="E", is_person=True)),
    "become a member by an account": ("coordinator", lambda c: b.change(c.uncle, user_id=c.coordinator.user.pk)),
    "want oneself invited": ("uncle", lambda c: b.change(c.uncle, wanted_word="Elina, to me")),
    "invite oneself": ("uncle", lambda c: b.invitation(c.booked, c.uncle)),
    "answer already while inviting": ("coordinator", lambda c: b.invitation(c.booked, c.uncle, answer="yes", answered_at=b.now())),
    "answer for another": ("friend", lambda c: b.change(c.booked.invitations.get(member=c.mother), answer="no")),
    "book in another's name": ("coordinator", lambda c: b.booking(c, booked_by_id=c.lead.pk)),
    "book as a member": ("mother", lambda c: b.booking(c)),
    "book for another service": ("coordinator2", lambda c: b.booking(c)),
    "book a meeting that was held": ("coordinator", lambda c: b.booking(c, status="closed", started_at=b.now(-9), closed_at=b.now())),
    # 6, 11: the record is written by those who came, in their own name
    "decide from the desk": ("coordinator", lambda c: b.line(b.going_on(c), c, kind="decision", state="accepted")),
    "write from the desk": ("coordinator", lambda c: b.line(b.going_on(c), c, recorded_by_id=c.coordinator.pk)),
    "be present from the desk": ("lead", lambda c: b.presence(b.going_on(c), c, member_id=c.mother.pk, recorded_by_id=c.lead.pk)),
    "write in another's name": ("clinician2", lambda c: b.line(b.going_on(c), c)),
    "write as the person": ("person", lambda c: b.line(b.going_on(c), c)),
    "write as a member": ("mother", lambda c: b.line(b.going_on(c), c)),
    "write from another team": ("clinician3", lambda c: b.line(b.going_on(c), c, recorded_by_id=c.clinician3.pk)),
    "write as a former clinician": ("former", lambda c: b.line(b.going_on(c), c, recorded_by_id=c.former.pk)),
    "read back as a member": ("mother", lambda c: b.read_back(b.going_on(c), member_id=c.person.pk)),
    "accept later": ("clinician1", lambda c: b.change(c.decision, said_at=b.now())),
    # 5: cover is for one meeting, and makes nothing of the network one's own
    "keep the case after covering": ("clinician3", lambda c: b.covering(c, b.insert(
        CaseHandover, case_id=c.case.pk, before_id=c.case.owner_id, before_since=c.case.taken_at, after_id=c.clinician3.pk,
        by_id=c.clinician3.pk))),
    "join the team by covering": ("clinician3", lambda c: b.covering(c, b.insert(
        TeamMember, network_id=c.network.pk, staff_id=c.clinician3.pk, founding=False))),
    "change the team by covering": ("clinician3", lambda c: b.covering(c, b.change(c.network.team.first(), left_at=b.now()))),
    "answer a wish by covering": ("clinician3", lambda c: b.covering(c, b.contact(c, by_staff_id=c.clinician3.pk))),
    "move a clock by covering": ("clinician3", lambda c: b.covering(c, b.insert(
        FirstHeardCorrection, timer_id=c.timer.pk, original=b.now(), corrected=b.now(-60 * 300), reason="So", by_id=c.clinician3.pk))),
    "tell another who is wanted": ("clinician3", lambda c: b.covering(c, b.change(c.uncle, wanted=True))),
    "take another's address": ("clinician3", lambda c: b.covering(c, b.change(c.person.contact, email="sari@example.org"))),
    "send others away": ("clinician3", lambda c: b.covering(c, b.change(c.booked.staffing.first(), active=False))),
    "an exception by covering": ("clinician3", lambda c: b.covering(c, b.exception_row(c, recorded_by_id=c.clinician3.pk))),
    "an exception in another's name": ("clinician1", lambda c: b.exception_row(c, recorded_by_id=c.clinician2.pk)),
    "an exception taken up from the start": (
        "clinician1",
        lambda c: b.exception_row(c, taken_up_in_id=c.held.pk, taken_up_at=b.now(), taken_up_words="Yes."),
    ),
    "an exception by a member": ("mother", lambda c: b.exception_row(c)),
    # 8: nobody reads without the person's word
    "consent to oneself": ("friend", lambda c: b.consent_row(c, recorded_by_id=c.friend.user.pk)),
    "consent in the person's name": ("friend", lambda c: b.consent_row(c)),
    "consent from the desk": ("coordinator", lambda c: b.consent_row(c, **b.on_paper(c, where="x", recorded_by_id=c.coordinator.user.pk))),
    "consent on the person's page by the team": ("clinician1", lambda c: b.consent_row(c, recorded_by_id=c.clinician1.user.pk)),
    "share with oneself": ("friend", lambda c: b.share_row(c, recorded_by_id=c.friend.user.pk)),
    "share by one who reads": ("mother", lambda c: b.share_row(c, recorded_by_id=c.mother.user.pk)),
    "share from another team": ("clinician3", lambda c: b.share_row(c, **b.on_paper(c, where="x", recorded_by_id=c.clinician3.user.pk))),
    "withdraw in another's name": ("person", lambda c: b.change(c.consent, withdrawn_at=b.now(), withdrawn_by_id=c.mother.user.pk)),
    "widen a consent": ("person", lambda c: b.change(c.consent, covers="from_now")),
    "a longer word": ("person", lambda c: b.change(c.consent, until=b.now(60 * 24))),
    "pause from the desk": ("coordinator", lambda c: b.pause_row(c, **b.on_paper(c, where="x", recorded_by_id=c.coordinator.user.pk))),
    "pause in the person's name": ("clinician1", lambda c: b.pause_row(c)),
    "pause another reader": ("mother", lambda c: b.pause_row(c, member_id=c.friend.pk, recorded_by_id=c.mother.user.pk)),
    "end one's own pause": (
        "mother", lambda c: b.change(b.paused(c, c.mother), ended_at=b.now(), ended_by_id=c.mother.user.pk)
    ),
    "end a pause from the desk": (
        "lead", lambda c: b.change(b.paused(c, c.mother), ended_at=b.now(), ended_by_id=c.lead.user.pk, ended_where="x", ended_witness="y")
    ),
    "share what another keeps back": (
        "clinician1",
        lambda c: b.change(
            KeptBack.objects.create(line=c.voice, meeting=c.held, network=c.network, service=c.service, member=c.person), ended_at=b.now()
        ),
    ),
    "keep back in the person's name": ("mother", lambda c: b.keep_row(c)),
    "a line kept back by hand": ("person", lambda c: b.change(c.voice, kept_back=True)),
    "what members write to bring, in another's name": ("mother", lambda c: b.bring_row(c)),
    "stand beside an unshared note": ("friend", lambda c: b.addendum(c.held, c, member_id=c.friend.pk)),
    "stand beside in the person's name": ("mother", lambda c: b.addendum(c.held, c, member_id=c.person.pk)),
    "stand beside after the word was withdrawn": ("uncle", lambda c: b.addendum(c.held, c, member_id=c.uncle.pk)),
    # 9: what was read stays on record
    "a reading by hand": ("clinician1", lambda c: ("INSERT INTO network_reading (reader_name) VALUES ('Leena')", [])),
    "a reading undone": ("lead", lambda c: ("DELETE FROM network_reading", [])),
    "a reading renamed": ("lead", lambda c: ("UPDATE network_reading SET reader_name = 'Aino'", [])),
    "an audit row by hand": ("lead", lambda c: ("INSERT INTO network_auditentry (verb) VALUES ('read')", [])),
    "an audit row undone": ("lead", lambda c: ("DELETE FROM network_auditentry", [])),
    "a message by hand": ("coordinator", lambda c: ("INSERT INTO network_message (kind) VALUES ('staff')", [])),
    # Who works here, and what people read of the service: by the lead of that service, through functions alone
    "somebody begins by hand": ("lead", lambda c: ("INSERT INTO network_staff (name) VALUES ('Kerttu')", [])),
    "an account by hand": ("lead", lambda c: ("INSERT INTO network_user (email) VALUES ('kerttu@example.org')", [])),
    "make oneself a lead": ("coordinator", lambda c: b.change(c.coordinator, is_lead=True)),
    "make oneself a lead by the function": ("coordinator", lambda c: b.roles(c.coordinator, "coordinator", "lead")),
    "a lead changes roles elsewhere": ("lead", lambda c: b.roles(c.clinician4, "clinician", "lead")),
    "a coordinator adds somebody": ("coordinator", b.somebody_new),
    "a lead adds somebody elsewhere": ("lead", lambda c: b.somebody_new(c, service=c.elsewhere)),
    "somebody adds themselves from outside": ("public", b.somebody_new),
    "a clinician ends a colleague": ("clinician1", lambda c: ("SELECT od.end_staff(%s)", [c.clinician3.uuid])),
    "a lead ends somebody elsewhere": ("lead", lambda c: ("SELECT od.end_staff(%s)", [c.clinician4.uuid])),
    "end somebody by hand": ("lead", lambda c: b.change(c.clinician3, left_at=b.now())),
    "come back by oneself": ("clinician3", lambda c: b.after_leaving(c, ("SELECT od.take_back_staff(%s)", [c.clinician3.uuid]))),
    "invite elsewhere": ("lead", lambda c: ("SELECT od.invite_staff(%s)", [c.clinician4.uuid])),
    "a coordinator changes what people read": ("coordinator", b.settings),
    "another service's coordinator changes what people read": ("coordinator2", b.settings),
    "what people read, by hand": ("lead", lambda c: b.change(c.service, night_number="1")),
    "a clinician looks at accounts": ("clinician1", lambda c: ("SELECT * FROM od.staff_accounts()", [])),
    "a coordinator looks at accounts": ("coordinator", lambda c: ("SELECT * FROM od.staff_accounts()", [])),
    "a lead looks at accounts elsewhere": (
        "lead", lambda c: ("SELECT * FROM od.staff_accounts() a WHERE a.staff = %s", [c.clinician4.pk])
    ),
    "a change put on the trail by hand": ("lead", lambda c: ("INSERT INTO network_servicechange (what) VALUES ('name')", [])),
    "a change taken off the trail": ("lead", lambda c: ("DELETE FROM network_servicechange", [])),
    "a change rewritten": ("lead", lambda c: ("UPDATE network_servicechange SET before = ''", [])),
    # 10: what is written stays
    "out of sight by hand": ("lead", lambda c: b.change(c.voice, out_of_sight_at=b.now())),
    "out of sight with two names at once": ("clinician1", lambda c: b.sight_row(c, second_id=c.clinician2.pk, done_at=b.now())),
    "what was said on the telephone, in other words": ("lead", lambda c: b.change(b.called_back(c), words="So.")),
    "who called, in another name": ("lead", lambda c: b.change(c.case.referrals.get(), caller_name="Veli")),
    "what was decided without her, in other words": ("lead", lambda c: b.change(b.exception(c), why="So.")),
    "a contact out of sight by hand": ("lead", lambda c: b.change(b.called_back(c), out_of_sight_at=b.now())),
    "what somebody brings, out of sight by hand": ("lead", lambda c: b.change(b.brought(c)[1], out_of_sight_at=b.now())),
    "what was set aside": ("lead", lambda c: ("SELECT words FROM meetings_setaside", [])),
    "out of sight in another's name": ("clinician1", lambda c: b.sight_row(c, asked_by_id=c.clinician2.pk)),
    "out of sight by a member": ("person", lambda c: b.sight_row(c)),
    "out of sight by another team": ("clinician3", lambda c: b.sight_row(c, asked_by_id=c.clinician3.pk)),
    "confirmed from another team": ("clinician3", lambda c: b.change(b.asked(c, c.clinician1), second_id=c.clinician3.pk)),
    "more time to confirm": ("clinician2", lambda c: b.change(b.asked(c, c.clinician1), until=b.now(60 * 24 * 30))),
    "another text": ("clinician1", lambda c: b.change(c.voice, text="I would like to sleep.")),
    "another voice": ("clinician1", lambda c: b.change(c.voice, voice="Marja")),
    "a line undone": ("clinician1", lambda c: ("DELETE FROM meetings_line WHERE id = %s", [c.voice.pk])),
    "a meeting undone": ("coordinator", lambda c: ("DELETE FROM meetings_meeting WHERE id = %s", [c.held.pk])),
    "a member undone": ("coordinator", lambda c: ("DELETE FROM network_member WHERE id = %s", [c.friend.pk])),
    "a case undone": ("lead", lambda c: ("TRUNCATE referrals_case CASCADE", [])),
    "rules undone": ("lead", lambda c: ("ALTER TABLE meetings_line DISABLE TRIGGER ALL", [])),
    "row security undone": ("lead", lambda c: ("ALTER TABLE meetings_line DISABLE ROW LEVEL SECURITY", [])),
    "triggers passed by": ("lead", lambda c: ("SET session_replication_role = replica", [])),
}  # fmt: skip


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_right(standing, what):
    """Refused outright, or nothing is found to do it to."""
    by, make = FORBIDDEN[what]
    with taken_back():
        statement, values = make(standing)
        try:
            with transaction.atomic(), trying(standing, by), connection.cursor() as cursor:
                cursor.execute(statement, values)
                touched = cursor.rowcount
        except ProgrammingError as error:
            assert error.__cause__.sqlstate == "42501"  # noqa: PT017  some are refused, some find nothing
        else:
            assert touched == 0


# What is said of a row whose meeting is over, before anybody looks at which column was meant.
CLOSED = {"stays_as_written", "answer_before_the_meeting", "meeting_is_going_on"}


@pytest.mark.parametrize(
    "model", [m for m in OURS if m._meta.db_table != "referrals_doorknock"], ids=lambda m: m.__name__
)
def test_not_even_the_owner_deletes_or_rewrites(standing, model):
    """Promise 10: the triggers hold for every role, the Django admin and a shell included."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'stays'", [table])
        if not cursor.fetchone():
            assert table in {
                "network_user",
                "network_service",
                "network_staff",
                "network_heartbeat",
                "network_signincode",
            }
            return
        with taken_back():
            everything_written(standing)
            cursor.execute(f"SELECT count(*) FROM {table}")  # a table of our own
            assert cursor.fetchone()[0], f"nothing in {table} to try with"
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET service_id = service_id + 1"):
                with pytest.raises(IntegrityError) as refused, transaction.atomic():
                    cursor.execute(statement)
                assert refused.value.__cause__.diag.constraint_name in CLOSED


def everything_written(c):
    """A row in each table that the cast leaves empty."""
    perform(
        [
            b.addendum(c.held, c, member_id=c.person.pk),
            b.exception_row(c),
            b.share_row(c),
            b.way_in(c),
            b.contact(c),
            b.told_row(c),
            b.way_row(c),
            b.taken_row(c),
            b.pause_row(c),
            b.keep_row(c),
            b.sight_row(c),
            b.bring_row(c),
        ]
    )
    gone = b.asked(c, c.clinician1, meeting=None, line=None, contact=b.called_back(c))
    OutOfSight.objects.filter(pk=gone.pk).update(second=c.clinician2)
    perform(
        b.insert(
            FirstHeardCorrection,
            timer_id=c.timer.pk,
            original=b.now(),
            corrected=b.now(-60 * 300),
            reason="So",
            by_id=c.lead.pk,
        )
    )
    urgency = {"timer_id": c.case2.timers.get().pk, "before": "", "after": "very_urgent", "by_id": c.coordinator2.pk}
    perform(b.insert(UrgencyChange, **urgency))
    perform(b.insert(CaseHandover, case_id=c.case.pk, before_id=c.lead.pk, after_id=c.lead.pk, by_id=c.lead.pk))
    with acting_as(c.clinician1.user.pk), connection.cursor() as cursor:
        cursor.execute("SELECT od.log_reading('case', %s, %s)", [c.case.uuid, c.network.pk])
        cursor.execute("SELECT od.log_audit('took a call', '', NULL)")
        cursor.execute(
            "SELECT od.queue_message('k', 'staff', %s, %s, %s, NULL)",
            [c.service.pk, c.network.pk, c.coordinator.user.email],
        )
    escalation_breaks.everything_written(c)
    b.open_in_need(c.network, c.clinician3)
    perform(b.inquiry(c, network_id=c.network.pk))
    alone = {"kind": "without_meeting", "decided_in": None, "offers": "Three times.", "second_staff": c.lead}
    b.closed(c, **alone, word_to_person="By letter", word_to_caller="By phone")


def test_withdrawal_works_on_the_next_statement(standing):
    c = standing
    with taken_back():
        assert lines_seen(c, "mother") > 0
        with trying(c, "person"):
            perform(b.change(c.consent, withdrawn_at=b.now(), withdrawn_by_id=c.person.user.pk))
        assert lines_seen(c, "mother") == 0


def test_a_share_is_of_one_meeting(standing):
    c = standing
    with taken_back():
        b.close_now(c)
        assert lines_seen(c, "friend") == 0
        with trying(c, "person"):
            perform(b.share_row(c))
        assert lines_seen(c, "friend") == c.held.lines.count()


def test_from_now_on_leaves_out_what_was_before(standing):
    c = standing
    with taken_back():
        with trying(c, "person"):
            perform(b.consent_row(c, covers="from_now"))
        assert lines_seen(c, "friend") == 0


def test_nobody_else_hears_that_access_ended(standing):
    """The uncle's consent was withdrawn: to him and to the mother there never was one."""
    for who in ("uncle", "mother", "friend"):
        with trying(standing, who), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM network_consent WHERE member_id = %s", [standing.uncle.pk])
            assert cursor.fetchone() == (0,)


def test_a_departure_that_comes_later_contests_the_decision(standing):
    c = standing
    with taken_back():
        meeting = b.going_on(c)
        with trying(c, "clinician1"):
            perform(b.line(meeting, c, kind="decision", state="accepted", said_at=b.now(-5)))
            perform(b.change(meeting.presences.get(member=c.person), left_at=b.now(-10)))
        decision = meeting.lines.get(kind="decision")
        assert (decision.state, decision.contested_why) == ("accepted", "decision_with_the_person")


def test_names_beside_the_record_are_those_of_who_wrote(standing):
    c = standing
    with taken_back():
        meeting = b.going_on(c)
        with trying(c, "clinician1"):
            perform(b.presence(meeting, c, member_id=c.mother.pk, name="Elina"))
            perform(b.read_back(meeting, member_id=c.mother.pk, name="Elina"))
        with trying(c, "mother"):
            perform(b.addendum(c.held, c, member_id=c.mother.pk, name="Elina"))
        assert meeting.presences.get(member=c.mother).name == "Marja"
        assert meeting.read_backs.get().name == "Marja"
        assert c.held.addenda.get().name == "Marja"


def test_a_mistaken_tap_lets_the_clock_run_again(standing):
    c = standing
    with taken_back():
        meeting = b.make_meeting(c.case2, c.clinician4, starts_at=b.now(-40))
        b.start(meeting, c.person2, c.clinician4, at=b.now(-30))
        timer = c.case2.timers.get()
        assert timer.outcome == "met"
        with trying(c, "clinician4"):
            perform(b.change(meeting.presences.get(member=c.person2), mistaken_at=b.now()))
        timer.refresh_from_db()
        assert (timer.outcome, timer.met_at) == ("running", None)


def lines_seen(c, who):
    with trying(c, who), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM meetings_line")
        return cursor.fetchone()[0]

"""The demo network: a service in Tornio with four stories, and a service elsewhere that must stay invisible to it.

Written by the owner of the tables, with times in the past: constraints and triggers hold, so nothing here could not have happened.
Everybody and everything in it is invented.
"""

import zoneinfo
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
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
)
from network.models import (
    Consent,
    Member,
    MemberContact,
    Network,
    Reading,
    Service,
    Staff,
    StaffChannel,
    TeamMember,
    User,
)
from network.rules import one_write
from referrals.models import Case, Contact, OnCall, Referral, ResponseTimer

PASSWORD = "open-dialogue"  # noqa: S105  of accounts that exist in local use alone
DOMAIN = "demo.example"
HOURS = {"emergency": 4, "very_urgent": 4, "urgent": 24, "not_crisis": 72}


def load() -> bool:
    """Make the demo unless it is there. Says whether it was made."""
    if User.objects.filter(email=f"coordinator@{DOMAIN}").exists():
        return False
    with one_write("loaded the demo network") as written:
        hashed = make_password(PASSWORD)  # once: the hash is slow on purpose
        tornio = Story(hashed, name="Tornio team", slug="tornio", time_zone="Europe/Helsinki",
                       languages="Finnish, Swedish, English", emergency_number="112", night_number="016 555 0100",
                       emergency_advice="Call 112, and stay with them until help is there.")  # fmt: skip
        people_of_tornio(tornio)
        onni(tornio)
        elina(tornio)
        iida(tornio)
        helmi(tornio)
        exe_valley(hashed)
        written.thing = tornio.service
    return True


class Story:
    """A service, and the short words in which its stories are told."""

    def __init__(self, hashed: str, **service: Any) -> None:
        self.hashed = hashed
        self.service = Service.objects.create(**service)
        self.zone = zoneinfo.ZoneInfo(self.service.time_zone)
        self.now = timezone.now()
        self.today: date = self.now.astimezone(self.zone).date()
        self.cast = SimpleNamespace()

    def at(self, days: int, clock: str) -> datetime:
        """The time on the service's clock, `days` from today."""
        return datetime.combine(self.today + timedelta(days=days), time.fromisoformat(clock), self.zone)

    def account(self, address: str) -> User:
        user = User.objects.create(email=f"{address}@{DOMAIN}", password=self.hashed)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def staff(self, name: str, address: str, **roles: Any) -> Staff:
        return Staff.objects.create(service=self.service, name=name, user=self.account(address), **roles)

    def turn(self, role: str, who: Staff, first: int, last: int) -> None:
        """On call from the morning of one day to the morning of another; the first turn has begun already."""
        begins = self.at(first, "08:00") if first else self.at(-1, "08:00")
        period = DateTimeTZRange(begins, self.at(last, "08:00"))
        OnCall.objects.create(service=self.service, role=role, staff=who, period=period)

    def network(self) -> Network:
        return Network.objects.create(service=self.service)

    def member(
        self, network: Network, name: str, *, account: str = "", wanted: str = "", at: datetime, **extra: Any
    ) -> Member:
        """`wanted` is where the person gave their word; `contact` is how to reach them."""
        contact = extra.pop("contact", {})
        user = self.account(account) if account else None
        word = {"wanted": True, "wanted_word": wanted, "wanted_at": at} if wanted else {}
        scope = {"network": network, "service": self.service}
        member = Member.objects.create(
            **scope, name=name, user=user, joined_at=at + timedelta(hours=9) if user else None, created_at=at, **word, **extra
        )  # fmt: skip
        MemberContact.objects.create(**scope, member=member, **{"email": user.email if user else ""} | contact)
        return member

    def case(self, network: Network, owner: Staff, heard: datetime, *, taken_by: Staff | None, **referral: Any) -> Case:
        """A case with its referral and its clock, recorded five minutes after it was first heard."""
        scope = {"network": network, "service": self.service}
        recorded = heard + timedelta(minutes=5)
        urgency = referral.setdefault("urgency", "urgent")
        case = Case.objects.create(**scope, owner=owner, opened_at=recorded, taken_at=recorded if taken_by else None)
        timer = ResponseTimer.objects.create(
            **scope, case=case, kind="reply" if urgency == "not_crisis" else "meeting", urgency=urgency,
            hours=HOURS[urgency], first_heard_at=heard, due_at=heard,
        )  # fmt: skip
        Referral.objects.create(
            **scope, case=case, timer=timer, person_name=network.person.name, first_heard_at=heard, recorded_at=recorded,
            taken_by=taken_by, **referral,
        )  # fmt: skip
        return case

    def contact(self, case: Case, kind: str, by: Staff, at: datetime, **words: Any) -> None:
        Contact.objects.create(
            case=case,
            network=case.network,
            service=self.service,
            kind=kind,
            by_staff=by,
            at=at,
            recorded_at=at,
            **words,
        )

    def team(self, network: Network, at: datetime, *clinicians: Staff) -> None:
        for one in clinicians:
            TeamMember.objects.create(network=network, service=self.service, staff=one, joined_at=at)

    def book(
        self, case: Case, starts_at: datetime, *clinicians: Staff, by: Staff, booked_at: datetime, **meeting: Any
    ) -> Meeting:
        scope = {"network": case.network, "service": self.service}
        booked = Meeting.objects.create(
            **scope, case=case, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=90), booked_by=by, booked_at=booked_at,
            **{"travel_minutes": 20} | meeting,
        )  # fmt: skip
        for one in clinicians:
            MeetingStaff.objects.create(**scope, meeting=booked, staff=one)
        return booked

    def invite(self, meeting: Meeting, member: Member, answer: str = "", reason: str = "", *, word: str) -> None:
        answered = meeting.booked_at + timedelta(hours=5) if answer else None
        Invitation.objects.create(
            network=meeting.network, service=self.service, meeting=meeting, member=member, word=word, asked_at=meeting.booked_at,
            answer=answer, reason=reason, answered_at=answered, answered_by=member.user if answer else None,
        )  # fmt: skip

    def begin(self, meeting: Meeting, *present: Any) -> None:
        """The meeting starts on time; each of `present` is somebody, or (somebody, minute of arriving, minute of leaving)."""
        meeting.status, meeting.started_at = "started", meeting.starts_at
        meeting.save(update_fields=["status", "started_at"])
        for one in present:
            who, arrived, left = one if isinstance(one, tuple) else (one, 0, None)
            at = meeting.starts_at + timedelta(minutes=arrived)
            Presence.objects.create(
                **self.side(meeting, who), name=who.name, arrived_at=at, recorded_at=at, recorded_by=self.recorder(meeting),
                left_at=None if left is None else meeting.starts_at + timedelta(minutes=left),
            )  # fmt: skip

    def say(self, meeting: Meeting, minute: int, kind: str, who: Any, text: str, **extra: Any) -> Line:
        at = meeting.starts_at + timedelta(minutes=minute)
        return Line.objects.create(
            **self.side(meeting, who), kind=kind, voice=who.name if who else "", text=text, said_at=at, recorded_at=at,
            state="accepted" if kind == "decision" else "kept", recorded_by=self.recorder(meeting), **extra,
        )  # fmt: skip

    def end(self, meeting: Meeting, following: Meeting, who_comes: str, differs: dict[Any, str]) -> None:
        """Read back to each one who was there, and close after 80 minutes."""
        at = meeting.starts_at + timedelta(minutes=80)
        there: dict[Any, None] = {
            p.member or p.staff: None for p in meeting.presences.all()
        }  # each once, however often they came back
        for who in there:
            words = differs.get(who, "")
            ReadBack.objects.create(
                **self.side(meeting, who), name=who.name, answer="differs" if words else "agreed", words=words, at=at
            )
        meeting.status, meeting.closed_at, meeting.closed_by = "closed", at, self.recorder(meeting)
        meeting.next_meeting, meeting.who_comes, meeting.night_number = following, who_comes, self.service.night_number
        meeting.save(update_fields=["status", "closed_at", "closed_by", "next_meeting", "who_comes", "night_number"])

    def read(self, who: Any, role: str, what: str, thing: Any, at: datetime) -> None:
        Reading.objects.create(
            network=thing.network, service=self.service, reader=who.user, reader_name=who.name, reader_role=role,
            outside_team=role == "coordinator", what=what, thing=thing.uuid, at=at,
        )  # fmt: skip

    def side(self, meeting: Meeting, who: Any) -> dict[str, Any]:
        side = {"staff": who} if isinstance(who, Staff) else {"member": who}
        return {"meeting": meeting, "network": meeting.network, "service": self.service, **side}

    def recorder(self, meeting: Meeting) -> Staff:
        return meeting.staffing.first().staff  # type: ignore[union-attr]


def people_of_tornio(s: Story) -> None:
    c = s.cast
    full, foundation = Staff.Training.FULL, Staff.Training.FOUNDATION
    c.aino = s.staff("Aino", "coordinator", is_coordinator=True, profession="social_worker", training=full)
    c.leo = s.staff("Leo", "lead", is_lead=True, profession="psychologist", training=Staff.Training.TRAINER)
    c.leena = s.staff("Leena", "clinician1", is_clinician=True, profession="nurse", training=full)
    c.mikko = s.staff("Mikko", "clinician2", is_clinician=True, profession="peer_worker", training=foundation)
    c.sari = s.staff("Sari", "clinician3", is_clinician=True, profession="psychiatrist", training=full)
    c.eeva = s.staff("Eeva", "clinician4", is_clinician=True, profession="family_therapist", training=full)
    s.service.on_duty = c.aino
    s.service.save(update_fields=["on_duty"])
    for number, one in enumerate((c.aino, c.leo, c.leena, c.mikko, c.sari, c.eeva)):
        StaffChannel.objects.create(service=s.service, staff=one, kind="sms", address=f"+35840555010{number}")
    clinicians = (c.leena, c.mikko, c.sari, c.eeva)
    for week in range(5):
        s.turn("coordinator", (c.aino, c.leo)[week % 2], 7 * week, 7 * week + 7)
    for day in range(35):
        s.turn("clinician", clinicians[day % 4], day, day + 1)


def onni(s: Story) -> None:
    """Three meetings behind him, the fourth booked; shared with his mother, one note with his sister, nothing with his friend."""
    c, heard = s.cast, s.at(-24, "14:10")
    network = s.network()
    by_phone = "Onni, to Aino by phone"
    c.onni = s.member(
        network, "Onni", account="person", at=heard, is_person=True, named_by="Kaija, when she called",
        contact={"phone": "040 555 0171", "home_address": "Jokitie 8, the yellow house, back door", "language": "Finnish"},
    )  # fmt: skip
    c.kaija = s.member(
        network, "Kaija", account="mother", at=heard, wanted=by_phone, relation="his mother", circle="family",
        named_by="herself", contact={"phone": "040 555 0172", "time_in_messages": True},
    )  # fmt: skip
    c.tuomas = s.member(
        network, "Tuomas", account="friend", at=s.at(-23, "11:20"), wanted="Onni, in the first meeting",
        relation="a friend since first grade", circle="friend", named_by="Onni, in the first meeting",
    )  # fmt: skip
    c.aada = s.member(
        network, "Aada", account="sister", at=s.at(-21, "16:20"), wanted="Onni, in the second meeting", circle="family",
        relation="his sister, lives in Turku", named_by="Onni, in the second meeting",
    )  # fmt: skip
    c.eino = s.member(
        network, "Eino", at=heard, wanted=by_phone, relation="his grandfather next door", circle="family",
        named_by="Kaija, when she called", contact={"home_address": "Jokitie 10"},
    )  # fmt: skip
    case = s.case(
        network, c.aino, heard, taken_by=c.aino, caller=c.kaija, caller_name="Kaija", caller_relation="his mother",
        call_back="040 555 0172", told="yes", channel="phone", place="home", place_words="at the kitchen table, he does not go out now",
        words="He has not slept for nine nights. He walks from room to room and says the radio knows his name. He holds my hand and "
        "lets it go again. He would not hurt anybody. I do not know how to be his mother just now.",
        safety="The dog barks and is friendly. Use the back door: the bell frightens him.",
    )  # fmt: skip
    s.contact(case, "called_back", c.aino, s.at(-24, "14:40"), whom="Onni",
              words="“They can come. But to the kitchen, and not in a white car.”")  # fmt: skip
    s.team(network, s.at(-24, "15:05"), c.leena, c.mikko)
    first = s.book(case, s.at(-23, "10:00"), c.leena, c.mikko, by=c.aino, booked_at=s.at(-24, "15:10"))
    for one in (c.onni, c.kaija):
        s.invite(first, one, "yes", word=by_phone)
    s.invite(
        first, c.eino, "no", "“I would only sit there and cry. Tell him the woodpile is mine to do.”", word=by_phone
    )
    second = onni_first_meeting(s, case, first)
    third = onni_second_meeting(s, case, second)
    fourth = onni_third_meeting(s, case, third)
    onni_afterwards(s, case, first, second, third, fourth)


def onni_first_meeting(s: Story, case: Case, meeting: Meeting) -> Meeting:
    c = s.cast
    s.begin(meeting, c.leena, c.mikko, (c.kaija, 0, None), (c.onni, 4, None))
    for minute, kind, who, text in [
        (8, "use", c.onni, "Slowly. And nobody writes behind my back."),
        (14, "voice", c.onni, "When I close my eyes the house starts talking. As long as I stay awake, somebody is keeping watch."),
        (23, "voice", c.kaija, "I lie there and count his steps. I thought that if I got up, I would make it worse."),
        (31, "voice", c.onni, "I heard that you were awake. I walked quietly because of that."),
        (42, "reflection", c.mikko, "Two people in this house stay awake to look after each other. I wondered how it would be if the watch "
         "were shared, so that one could put it down."),
        (47, "reflection", c.leena, "I thought of how loud it must be here after midnight, with nobody to say it to. I do not feel that "
         "I have to explain it. I would like to hear more of it."),
        (58, "decision", None, "We come back the day after tomorrow, to the same table. Until then one of you sleeps while the other "
         "is up, and either of you rings us at any hour."),
        (66, "understanding", None, "Nobody here has slept. Everybody is keeping watch for somebody."),
    ]:  # fmt: skip
        s.say(meeting, minute, kind, who, text)
    s.say(
        meeting, 62, "action", None, "Ask Eino to take the dog out late, so that the house is quiet before midnight.",
        action_who="Kaija", action_by=s.today - timedelta(days=22), action_looked_after_by="Leena",
    )  # fmt: skip
    following = s.book(case, s.at(-21, "15:00"), c.leena, c.mikko, by=c.leena, booked_at=s.at(-23, "11:15"))
    for one in (c.onni, c.kaija, c.tuomas):
        s.invite(following, one, "yes", word="Onni, in the first meeting")
    s.end(meeting, following, "Onni, Kaija, and Tuomas if he wants to. Leena and Mikko.", {})
    return following


def onni_second_meeting(s: Story, case: Case, meeting: Meeting) -> Meeting:
    c = s.cast
    s.begin(
        meeting, c.leena, c.mikko, c.kaija, (c.onni, 0, 36), (c.tuomas, 6, None), (c.onni, 45, None)
    )  # he went out to the dog, and came back
    said = {}
    for minute, kind, who, text in [
        (5, "use", c.onni, "I want Tuomas to hear it from me and not from the village."),
        (12, "voice", c.tuomas, "I thought that you were angry with me. You stopped answering in August. I wrote, and took it out again."),
        (19, "voice", c.onni, "I read every one of them. I could not find a sentence short enough to send."),
        (27, "voice", c.kaija, "It is the first time since the summer that somebody has laughed in this kitchen."),
        (50, "reflection", c.mikko, "I once stopped answering everybody, too. It was not that I had nothing to say. I tell it as mine; it "
         "need not be yours."),
        (55, "reflection", c.leena, "When you went out to the dog, we waited, and nobody filled the silence. I liked that."),
        (68, "understanding", None, "It was not anger. It was too many words at once."),
    ]:  # fmt: skip
        said[minute] = s.say(meeting, minute, kind, who, text)
    s.say(
        meeting, 62, "action", None, "Bring wood and heat the sauna on Saturday. Talking is allowed and not needed.",
        action_who="Tuomas", action_by=s.today - timedelta(days=17), action_looked_after_by="Onni",
    )  # fmt: skip
    following = s.book(
        case, s.at(-8, "13:00"), c.leena, c.mikko, by=c.leena, booked_at=s.at(-21, "16:20"), place="elsewhere",
        address="The room above the library, by the side stairs",
    )  # fmt: skip
    for one in (c.onni, c.kaija):
        s.invite(following, one, "yes", word="Onni, in the second meeting")
    s.invite(following, c.aada, "yes", "“By phone, I sit in a train.”", word="Onni, in the second meeting")
    s.invite(following, c.tuomas, "no", "“Night shift. Thinking of you all.”", word="Onni, in the second meeting")
    s.end(
        meeting, following, "Onni, Kaija, Aada by phone, Tuomas if he can. Leena and Mikko.",
        {c.kaija: "I would say relieved. It was not quite a laugh, but near to one."},
    )  # fmt: skip
    beside = {"meeting": meeting, "network": meeting.network, "service": s.service}
    Addendum.objects.create(
        **beside, kind="added", member=c.kaija, name="Kaija", at=s.at(-20, "08:40"),
        text="I slept until six. When I woke I listened for steps and heard the kettle. I wanted that to stand here, too.",
    )  # fmt: skip
    Addendum.objects.create(
        **beside, line=said[27], kind="differs", member=c.onni, name="Onni", at=s.at(-20, "13:15"),
        text="We laughed at Easter as well, when the cake fell. It has not all been dark.",
    )  # fmt: skip
    return following


def onni_third_meeting(s: Story, case: Case, meeting: Meeting) -> Meeting:
    """Mikko is ill: Eeva covers for him, and it is said aloud."""
    c = s.cast
    s.contact(case, "called_back", c.leena, s.at(-9, "17:30"), whom="Onni",
              words="Told him that Mikko is ill and that Eeva could come with me. “Then Eeva. But only this once.”")  # fmt: skip
    meeting.staffing.filter(staff=c.mikko).update(active=False)
    MeetingStaff.objects.create(meeting=meeting, network=meeting.network, service=s.service, staff=c.eeva)
    s.begin(meeting, c.leena, c.eeva, c.onni, c.kaija, (c.aada, 10, 65))
    for minute, kind, who, text in [
        (4, "use", c.onni, "First you tell Eeva what she must know. Then we talk about mornings."),
        (11, "voice", c.onni, "I slept four nights of the last seven. I can hear the difference myself. It is strange that Mikko is not "
         "here. Eeva is all right."),
        (20, "voice", c.aada, "I was far away and heard only Mum’s half of it. It is good to hear your own voice, train and all."),
        (28, "voice", c.kaija, "I am learning to ask him instead of listening at the door. I am not good at it yet."),
        (40, "reflection", c.eeva, "I come new into this and feel how much was carried already. I was moved when you asked for mornings."),
        (46, "reflection", c.leena, "I wondered if the house may grow quiet a little at a time, and not all at once."),
        (55, "decision", None, "Onni goes to the boat workshop on two mornings a week. He stops when the nights get loud, and he says when "
         "that is."),
        (61, "decision", None, "Mikko comes back next time. If one of the two cannot come, Onni is asked first, as now."),
        (70, "understanding", None, "Something is getting lighter. It may go up and down, and that is not a failure."),
    ]:  # fmt: skip
        s.say(meeting, minute, kind, who, text)
    s.say(
        meeting, 64, "action", None, "Ring the boat workshop and ask who is there in the mornings.",
        action_who="Leena, with Onni beside her", action_by=s.today - timedelta(days=5), action_looked_after_by="Onni",
    )  # fmt: skip
    following = s.book(case, next_meeting_time(s), c.leena, c.mikko, by=c.leena, booked_at=s.at(-8, "14:20"))
    said_so = "Onni, in the third meeting"
    s.invite(following, c.onni, "yes", word=said_so)
    s.invite(following, c.kaija, "yes", word=said_so)
    s.invite(following, c.aada, "not_sure", "“It depends on the trains.”", word=said_so)
    s.invite(following, c.tuomas, word=said_so)
    s.end(meeting, following, "Onni, Kaija, Tuomas, Aada if she can. Leena and Mikko.", {})
    return following


def onni_afterwards(s: Story, case: Case, first: Meeting, second: Meeting, third: Meeting, fourth: Meeting) -> None:
    """What was decided without him one night, who may read, and who has read."""
    c, network = s.cast, case.network
    DecidedWithout.objects.create(
        case=case, network=network, service=s.service, decided_by="Leena, on the phone with Kaija", decided_at=s.at(-2, "02:40"),
        text="Leena rang Tuomas and asked him to drive along the river road and look for Onni. Tuomas was told that Onni had been "
        "out for three hours, and nothing else.",
        why="It was minus eighteen, Onni’s phone lay on the kitchen table, and nobody could ask him. He came "
        "home by himself at half past three.",
        bring_to=fourth, brought_by=c.leena, recorded_by=c.leena, recorded_at=s.at(-2, "08:15"),
    )  # fmt: skip
    s.contact(case, "called_back", c.leena, s.at(-2, "11:00"), whom="Onni",
              words="“You should have asked me if Tuomas may know. I understand why. I want to talk about it.” "
              "We bring it to the next meeting.")  # fmt: skip
    Consent.objects.create(
        member=c.kaija,
        network=network,
        service=s.service,
        covers="all",
        how="own_page",
        recorded_by=c.onni.user,
        given_at=s.at(-22, "19:00"),
    )
    NoteShare.objects.create(
        meeting=third, member=c.aada, network=network, service=s.service, how="in_the_room",
        where="at the end of the meeting, in the kitchen", witness="Kaija and Leena",
        recorded_by=c.leena.user, given_at=s.at(-8, "14:18"),
    )  # fmt: skip
    for who, role, what, thing, at in [
        (c.leena, "team", "record", first, s.at(-23, "09:58")),
        (c.onni, "person", "note", first, s.at(-23, "21:10")),
        (c.kaija, "member", "note", first, s.at(-22, "19:20")),
        (c.aino, "coordinator", "case", case, s.at(-22, "09:05")),
        (c.leena, "team", "record", second, s.at(-21, "14:55")),
        (c.kaija, "member", "note", second, s.at(-20, "08:31")),
        (c.onni, "person", "note", second, s.at(-20, "13:02")),
        (c.mikko, "team", "note", third, s.at(-7, "10:12")),
        (c.kaija, "member", "note", third, s.at(-7, "07:45")),
        (c.aada, "member", "note", third, s.at(-6, "22:30")),
    ]:  # fmt: skip
        s.read(who, role, what, thing, at)


def next_meeting_time(s: Story) -> datetime:
    """Today if there is still a decent hour for it, else tomorrow."""
    full_hour = s.now.astimezone(s.zone).replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)
    return full_hour if full_hour.date() == s.today and 9 <= full_hour.hour <= 18 else s.at(1, "10:00")


def elina(s: Story) -> None:
    """The clock runs: her mother called the evening before. No team yet, no meeting yet."""
    c = s.cast
    heard = s.at(-1, "23:30")
    if s.now - heard > timedelta(hours=16):  # late in the day the clock should not be about to end
        heard = (s.now - timedelta(hours=10)).replace(second=0, microsecond=0)
    network = s.network()
    c.elina = s.member(
        network, "Elina", account="person2", at=heard, is_person=True, named_by="Marja, when she called",
        contact={"phone": "040 555 0134", "home_address": "Rantakatu 21 B 4", "language": "Finnish"},
    )  # fmt: skip
    c.marja = s.member(
        network, "Marja", at=heard, relation="her mother", circle="family", named_by="herself",
        wanted="Elina, to Aino by phone", contact={"email": f"marja@{DOMAIN}", "phone": "040 555 0135"},
    )  # fmt: skip
    s.member(
        network, "Jussi", at=heard, relation="a friend from work", circle="friend", named_by="Marja, when she called"
    )
    case = s.case(
        network, c.aino, heard, taken_by=c.aino, caller=c.marja, caller_name="Marja", caller_relation="her mother",
        call_back="040 555 0135", told="yes", channel="phone", place="home",
        words="She sits on the kitchen floor with her coat on. She says that the neighbours can hear what she thinks. She lets me sit "
        "beside her if I do not talk. I am whispering. I am so afraid for her.",
    )  # fmt: skip
    s.contact(case, "called_back", c.aino, heard + timedelta(minutes=25), whom="Elina",
              words="“Mum may be there. Not before ten. And somebody who listens first.”")  # fmt: skip


def iida(s: Story) -> None:
    """A teacher called and has not been told yet that Iida can read it: his words are left out, the clock runs."""
    c, heard = s.cast, (s.now - timedelta(hours=5)).replace(second=0, microsecond=0)
    network = s.network()
    s.member(
        network, "Iida", at=heard, is_person=True, named_by="Antero, when he called", contact={"phone": "040 555 0150"}
    )
    caller = s.member(
        network, "Antero", at=heard, relation="her teacher", circle="professional", named_by="himself",
        contact={"phone": "040 555 0151"},
    )  # fmt: skip
    case = s.case(
        network, c.sari, heard, taken_by=c.sari, caller=caller, caller_name="Antero", caller_relation="her teacher",
        call_back="040 555 0151", told="not_yet", channel="colleague", words="", place="not_said",
    )  # fmt: skip
    s.team(network, heard + timedelta(minutes=50), c.sari, c.eeva)
    s.contact(case, "no_answer", c.sari, heard + timedelta(minutes=30), whom="Antero")


def helmi(s: Story) -> None:
    """From the public page, taken by nobody yet: the one on duty owns it. Not a crisis, so the clock is for a first reply."""
    c, heard = s.cast, (s.now - timedelta(hours=2)).replace(second=0, microsecond=0)
    network = s.network()
    s.member(
        network,
        "Helmi",
        at=heard,
        is_person=True,
        named_by="herself",
        contact={"email": f"helmi@{DOMAIN}", "language": "Finnish"},
    )
    s.case(
        network, c.aino, heard, taken_by=None, call_back=f"helmi@{DOMAIN}", told="self", channel="public_page", pathway="non_crisis",
        urgency="not_crisis", place="elsewhere", place_words="anywhere but at home",
        words="Since my father died we do not talk at home, we only pass each other the salt. I am not in danger. I would like to sit "
        "down with my brother and somebody who helps us begin.",
    )  # fmt: skip


def exe_valley(hashed: str) -> None:
    """A service of its own, which nobody in Tornio ever sees."""
    s = Story(hashed, name="Exe Valley team", slug="exe-valley", time_zone="Europe/London", languages="English",
              emergency_number="999", night_number="01392 555 010",
              emergency_advice="Call 999, and stay with them until help is there.")  # fmt: skip
    grace = s.staff("Grace", "coordinator-exe", is_coordinator=True, profession="social_worker")
    tom = s.staff("Tom", "clinician-exe", is_clinician=True, profession="nurse")
    priya = s.staff("Priya", "clinician2-exe", is_clinician=True, profession="peer_worker")
    s.service.on_duty = grace
    s.service.save(update_fields=["on_duty"])
    heard = (s.now - timedelta(hours=7)).replace(second=0, microsecond=0)
    network = s.network()
    owen = s.member(
        network,
        "Owen",
        account="person-exe",
        at=heard,
        is_person=True,
        named_by="himself",
        contact={"phone": "01392 555 011"},
    )
    case = s.case(
        network, grace, heard, taken_by=grace, call_back="01392 555 011", told="self", channel="phone", place="home",
        words="I cannot tell any more what is the wind and what is somebody calling me. Please come.",
    )  # fmt: skip
    s.team(network, heard + timedelta(minutes=30), tom, priya)
    booked_at = heard + timedelta(minutes=40)
    meeting = s.book(case, heard + timedelta(hours=20), tom, priya, by=grace, booked_at=booked_at)
    s.invite(meeting, owen, word="Owen, to Grace by phone")

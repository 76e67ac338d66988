"""The holes: one line each, of the kind that slips in on a tired evening and that no page shows by itself."""

from dataclasses import dataclass, replace
from pathlib import Path

ALONE = ("tests/guards/test_scopes.py", "tests/guards/test_without_row_security.py")  # without the second lock

AT_THE_DOOR = (
    "tests/opendialogue/test_middleware.py",
    "tests/opendialogue/test_session_limits.py",
    "tests/opendialogue/test_sign_in.py",
    "tests/opendialogue/test_letting_in.py",
    "tests/opendialogue/test_staff_commands.py",
    "tests/meetings/test_readings.py",
    "tests/guards/test_neutral.py",
)
ON_THE_PAGE = (
    "tests/meetings/test_bring.py",
    "tests/meetings/test_device.py",
    "tests/meetings/test_notes.py",
    "tests/meetings/test_my.py",
    "tests/opendialogue/test_browser_guards.py",
    "tests/guards/test_neutral.py",
)
BESIDE = (
    "tests/guards/test_ended_sql.py",
    "tests/network/test_row_security.py",
    "tests/meetings/test_promises_sql.py",
    "tests/guards/test_tables.py",
    "tests/guards/test_matrix_sql.py",
)


@dataclass(frozen=True)
class Hole:
    """Either `before` becomes `after` in the file `where`, or `sql` runs in the database of the tests. `first`: the tests tried first."""

    name: str
    where: str
    before: str = ""
    after: str = ""
    sql: str = ""
    first: tuple[str, ...] = ()

    def open_in(self, copy: Path) -> None:
        """Opens what is a hole in a file; opened.py opens those in the database. Raises ValueError when there is nothing to open."""
        if self.sql:
            return
        text = (copy / self.where).read_text()
        if text.count(self.before) != 1:
            raise ValueError(f"the words stand {text.count(self.before)} times in {self.where}")
        (copy / self.where).write_text(text.replace(self.before, self.after))


def policy(table: str, name: str, without: str = "", *, instead: str = "true") -> str:
    """SQL: a policy that lets everything through, or the part `without` of it."""
    return f"""
DO $hole$
DECLARE was text; now text; column_name text;
BEGIN
  SELECT coalesce(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)),
    CASE WHEN polqual IS NULL THEN 'WITH CHECK' ELSE 'USING' END
    INTO was, column_name FROM pg_policy WHERE polrelid = '{table}'::regclass AND polname = '{name}';
  now := CASE WHEN $part${without}$part$ = '' THEN 'true' ELSE replace(was, $part${without}$part$, '{instead}') END;
  IF was IS NULL OR was = now THEN RAISE EXCEPTION 'nothing to open in %', was; END IF;
  EXECUTE format('ALTER POLICY {name} ON {table} %s (%s)', column_name, now);
END $hole$"""


def check(table: str, name: str, without: str = "", *, instead: str = "true") -> str:
    """SQL: as `policy`, of what an UPDATE may leave behind."""
    return f"""
DO $hole$
DECLARE was text; now text;
BEGIN
  SELECT pg_get_expr(polwithcheck, polrelid) INTO was FROM pg_policy
    WHERE polrelid = '{table}'::regclass AND polname = '{name}';
  now := CASE WHEN $part${without}$part$ = '' THEN 'true' ELSE replace(was, $part${without}$part$, '{instead}') END;
  IF was IS NULL OR was = now THEN RAISE EXCEPTION 'nothing to open in %', was; END IF;
  EXECUTE format('ALTER POLICY {name} ON {table} WITH CHECK (%s)', now);
END $hole$"""


def function(name: str, before: str, after: str = "") -> str:
    """SQL: a function of the database with other words in it."""
    return f"""
DO $hole$
DECLARE was text := pg_get_functiondef('od.{name}'::regproc);
BEGIN
  IF position($part${before}$part$ IN was) = 0 THEN RAISE EXCEPTION 'nothing to open in %', was; END IF;
  EXECUTE replace(was, $part${before}$part$, $part${after}$part$);
END $hole$"""


CONTROLS = [
    Hole(
        "nothing in the code",
        "network/pages.py",
        "View = Callable[..., HttpResponse]",
        "View = Callable[..., HttpResponse]  # as ever",
    ),
    Hole("nothing in the database", "database", sql="SELECT 1"),
]

SCOPES = [
    Hole(
        "everybody’s case is the person’s own",
        "network/models.py",
        'Member.objects.persons().filter(user=user).values("network")',
        'Member.objects.persons().values("network")',
    ),
    Hole(
        "nobody’s scope holds everything",
        "network/models.py",
        "        return Q(pk__in=[])\n    condition",
        "        return Q()\n    condition",
    ),
    Hole(
        "an overseer sees every service",
        "network/models.py",
        "condition |= Q(**{service: staff.service_id})",
        'condition |= Q(**{f"{service}__isnull": False})',
    ),
    Hole(
        "a team that one has left",
        "network/models.py",
        "TeamMember.objects.current().filter(staff=staff)",
        "TeamMember.objects.filter(staff=staff)",
    ),
    Hole(
        "a reader without account is anybody",
        "network/models.py",
        "if user.is_authenticated else Q(pk__in=[])",
        "if user.is_authenticated else Q()",
    ),
    Hole(
        "a withdrawn consent still counts",
        "meetings/models.py",
        " & Q(network__consents__withdrawn_at=None)",
        "",
        first=("tests/meetings/test_withdrawal.py", "tests/meetings/test_sharing.py"),
    ),
    Hole(
        "a withdrawn share still counts",
        "meetings/models.py",
        " & Q(shares__withdrawn_at=None)",
        "",
        first=("tests/meetings/test_withdrawal.py", "tests/meetings/test_sharing.py"),
    ),
    Hole(
        "a consent that has ended still counts",
        "meetings/models.py",
        '        every &= lasts("network__consents__")\n',
        "",
        first=("tests/meetings/test_until.py",),
    ),
    Hole(
        "whoever is paused reads on",
        "meetings/models.py",
        "~Exists(paused), ",
        "",
        first=("tests/meetings/test_until.py",),
    ),
    Hole(
        "from now on means from ever",
        "meetings/models.py",
        'Q(network__consents__covers="all") | Q(started_at',
        "Q() | Q(started_at",
        first=("tests/meetings/test_sharing.py",),
    ),
    Hole(
        "who has left the network reads on",
        "meetings/models.py",
        " & Q(network__members__left_at=None)",
        "",
        first=("tests/meetings/test_sharing.py", "tests/meetings/test_members.py"),
    ),
    Hole(
        "a meeting that goes on is shared",
        "meetings/models.py",
        '(every | one), status="closed")',
        "(every | one))",
        first=("tests/meetings/test_sharing.py",),
    ),
    Hole(
        "a refused line is shared",
        "meetings/models.py",
        '.exclude(state="refused")',
        "",
        first=("tests/meetings/test_notes.py", "tests/meetings/test_sharing.py"),
    ),
    Hole(
        "a line kept back is shared",
        "meetings/models.py",
        'return shown.filter(Q(kept_back=False) | of_reader(user, "member"))',
        "return shown",
        first=("tests/meetings/test_kept_back.py",),
    ),
    Hole(
        "words out of sight stand on the page",
        "meetings/note.py",
        "Line.objects.in_sight().filter(meeting=meeting)",
        "Line.objects.filter(meeting=meeting)",
        first=("tests/meetings/test_out_of_sight.py",),
    ),
    Hole(
        "a late line is shared unseen",
        "meetings/models.py",
        ".exclude(late=True, seen_by_person_at=None)",
        "",
        first=("tests/meetings/test_notes.py", "tests/meetings/test_sharing.py"),
    ),
    Hole(
        "cover that was taken back",
        "meetings/models.py",
        'filter(staff=user.staff, active=True).values("meeting")',
        'filter(staff=user.staff).values("meeting")',
        first=("tests/meetings/test_booking.py",),
    ),
    Hole(
        "whoever owns a case, all of the service open it",
        "referrals/models.py",
        "condition |= Q(owner=user.staff)",
        "condition |= Q(owner__service=user.staff.service)",
    ),
    Hole(
        "readings of everybody",
        "meetings/views/my.py",
        "Reading.objects.filter(network__in=networks)",
        "Reading.objects.all()",
        first=("tests/meetings/test_readings.py",),
    ),
    Hole(
        "any member has a page of readers",
        "meetings/views/my.py",
        "Member.objects.persons().filter(user=user)",
        "Member.objects.filter(user=user)",
    ),
    Hole(
        "a reader of another network",
        "meetings/views/my.py",
        "Member.objects.current().filter(network__in=networks, is_person=False)",
        "Member.objects.current().filter(is_person=False)",
    ),
    Hole(
        "a board of all services",
        "referrals/board.py",
        "Case.objects.open().filter(service=staff.service_id)",
        "Case.objects.open()",
        first=("tests/referrals/test_board.py",),
    ),
    Hole(
        "a filter of the board taken as it comes",
        "referrals/board.py",
        'show = show if show in FILTERS else "all"',
        "show = show",
        first=("tests/referrals/test_board.py",),
    ),
]

IDS = [
    Hole(
        "a line of another meeting is changed",
        "meetings/views/record.py",
        "row = get_object_or_404(found.lines, uuid=line)\n    form = ChangeForm",
        "row = get_object_or_404(Line, uuid=line)\n    form = ChangeForm",
    ),
    Hole(
        "a decision of another network is confirmed",
        "meetings/views/record.py",
        "in_sight().filter(network=found.network, kind=Line.Kind.DECISION)",
        "in_sight().filter(kind=Line.Kind.DECISION)",
    ),
    Hole(
        "an exception of another network is taken up",
        "meetings/views/record.py",
        "DecidedWithout.objects.filter(network=found.network)",
        "DecidedWithout.objects.all()",
    ),
    Hole(
        "an invitation to another meeting is answered",
        "meetings/views/booking.py",
        "Invitation.objects.filter(meeting=page.meeting, withdrawn_at=None)",
        "Invitation.objects.filter(withdrawn_at=None)",
    ),
    Hole(
        "anybody answers for anybody",
        "meetings/views/booking.py",
        "if not own and not (page.whole and me(request).staff):",
        "if False:",
    ),
    Hole(
        "a member of another network is opened",
        "meetings/views/members.py",
        "who = get_object_or_404(found.network.members, uuid=member)\n    leaving",
        "who = get_object_or_404(Member, uuid=member)\n    leaving",
    ),
    Hole(
        "somebody’s words sent in another name",
        "meetings/views/entries.py",
        "if author != str(staff_of(me(request)).uuid):",
        "if not author:",
        first=("tests/meetings/test_entries.py",),
    ),
]

MAY = [
    Hole(
        "members open pages of staff", "network/pages.py", 'if not getattr(request.user, "staff", None):', "if False:"
    ),
    Hole(
        "nobody opens pages of the signed in",
        "network/pages.py",
        "return _not_now(request) or view(request, *args, **kwargs)",
        "return view(request, *args, **kwargs)",
    ),
    Hole(
        "staff of another service",
        "network/permissions.py",
        "return bool(user.staff and user.staff.service_id == network.service_id)",
        "return bool(user.staff)",
    ),
    Hole(
        "the former team may still act",
        "network/permissions.py",
        "TeamMember.objects.current().filter(network=network, staff=user.staff)",
        "TeamMember.objects.filter(network=network, staff=user.staff)",
    ),
    Hole(
        "any member counts as the person",
        "network/permissions.py",
        "network.members.persons().filter(user=user)",
        "network.members.filter(user=user)",
    ),
    Hole(
        "the team gives consent for the person",
        "network/permissions.py",
        '"consent.give": is_person',
        '"consent.give": is_staff',
    ),
    Hole(
        "whoever works with a case shares its notes",
        "meetings/permissions.py",
        '"share.give": is_person',
        '"share.give": works_with',
    ),
    Hole(
        "who was not in the room records",
        "meetings/permissions.py",
        '"record.write": came',
        '"record.write": works_with',
    ),
    Hole(
        "the team sees a late line for the person",
        "meetings/permissions.py",
        '"late_line.see": is_person',
        '"late_line.see": in_team',
    ),
    Hole(
        "looking with a member’s eyes, whoever works with the case",
        "meetings/permissions.py",
        '"member.see_as": any_of(is_person, in_team)',
        '"member.see_as": any_of(is_person, works_with)',
    ),
    Hole(
        "any overseer changes the plan of escalation",
        "referrals/permissions.py",
        '"plan.make": leads',
        '"plan.make": oversees_service',
    ),
    Hole(
        "family ask for a meeting in the person’s name",
        "referrals/permissions.py",
        '"meeting.wish": is_person',
        '"meeting.wish": is_member',
    ),
    Hole("who may not share, shares", "meetings/views/notes.py", "if not found.may_share:", "if False:"),
]

DOORS = [
    Hole("pages stay in the browser", "opendialogue/middleware.py", '"no-store, private"', '"private"'),
    Hole(
        "staff without second factor",
        "opendialogue/middleware.py",
        "and not user.has_second_factor",
        "and user.has_second_factor is None",
    ),
    Hole(
        "a session that is no good keeps its identity",
        "opendialogue/middleware.py",
        "        if not good:\n            set_identity(None, door=door)\n",
        "",
    ),
    Hole(
        "who has left the service stays in",
        "opendialogue/accounts.py",
        "staff if staff and staff.left_at is None else None",
        "staff",
    ),
    Hole(
        "a closed account stays in",
        "opendialogue/accounts.py",
        "if user is None or not self.user_can_authenticate(user):",
        "if user is None:",
    ),
    Hole(
        "every door is the door of sign-in",
        "opendialogue/middleware.py",
        'if request.path.startswith(ACCOUNTS) else ""',
        'if request.path else ""',
    ),
    Hole(
        "a mail that says what it is about",
        "network/outbox.py",
        'SUBJECT = "You have a message"',
        'SUBJECT = "Your Open Dialogue team"',
    ),
    Hole(
        "a note that was revoked goes on",
        "database",
        sql="ALTER TABLE network_wayin DISABLE TRIGGER ends",
        first=("tests/opendialogue/test_letting_in.py",),
    ),
    Hole(
        "the audit log says what it likes",
        "database",
        sql="ALTER TABLE network_auditentry DISABLE TRIGGER known",
        first=("tests/guards/test_audit.py",),
    ),
    Hole(
        "a PDF is read unrecorded",
        "meetings/views/notes.py",
        '    log_reading("pdf", found.meeting.uuid, found.meeting.network)\n',
        "",
    ),
    Hole(
        "looking with somebody’s eyes is unrecorded",
        "meetings/actions/sharing.py",
        '    log_reading("as_member", member.uuid, member.network)\n',
        "",
        first=("tests/meetings/test_looking.py",),
    ),
]

LIMITS = [
    Hole(
        "a session that nobody uses stays open",
        "opendialogue/limits.py",
        "return now - session.get(SEEN, 0) < idle and",
        "return",
        first=("tests/opendialogue/test_session_limits.py",),
    ),
    Hole(
        "a poll keeps a session open",
        "opendialogue/limits.py",
        "if good and not polled and time.time()",
        "if good and time.time()",
        first=("tests/opendialogue/test_session_limits.py",),
    ),
    Hole(
        "what is done in an open record brings an old session back",
        "opendialogue/limits.py",
        "if good and not polled and time.time()",
        "if not polled and time.time()",
        first=("tests/opendialogue/test_session_limits.py",),
    ),
    Hole(
        "an open record opens everything",
        "opendialogue/limits.py",
        "(record and record[1] == meeting)",
        "True",
        first=("tests/opendialogue/test_session_limits.py",),
    ),
    Hole(
        "a browser is not told that its session was ended",
        "opendialogue/limits.py",
        "if ended or self.left(request, came):",
        "if self.left(request, came):",
        first=("tests/opendialogue/test_session_limits.py",),
    ),
    Hole(
        "what is prepared is put on a phone after signing out",
        "static/js/packs.js",
        "if (!signedOut()) packs.put(",
        "packs.put(",
        first=("tests/functional/test_prepared.py",),
    ),
    Hole(
        "without signal no rule of the record is said",
        "static/js/shell.js",
        """script:not([type='application/json']), #from-device""",
        "script, #from-device",
        first=("tests/functional/test_prepared.py",),
    ),
    Hole(
        "words are sent again in another name",
        "network/pages.py",
        'request.POST.get("sent_as", "") not in ("", me_mark(request.user))',
        "False",
        first=("tests/opendialogue/test_session_limits.py",),
    ),
]

PAGES = [
    Hole(
        "the record shows what was not meant for everybody in the room",
        "meetings/room.py",
        'ToBring.objects.waiting().filter(network=OuterRef("network"), in_the_room=True)',
        'ToBring.objects.waiting().filter(network=OuterRef("network"))',
    ),
    Hole(
        "a record without names shows what people bring",
        "meetings/views/device.py",
        "        brought=[],",
        "        brought=room.brought,",
    ),
    Hole(
        "words of people as markup",
        "templates/components/line.html",
        '<p class="voice" dir="auto">{{ words }}</p>',
        '<p class="voice" dir="auto">{{ words|safe }}</p>',
    ),
    Hole(
        "a reader sees who else reads",
        "templates/meetings/note.html",
        "{% if not note.for_member %}{% include",
        "{% if note %}{% include",
    ),
    Hole(
        "a member gets the person’s page",
        "templates/meetings/my.html",
        "{% if part.for_person %}{% include",
        "{% if part %}{% include",
    ),
    Hole(
        "a name in the title of a note",
        "templates/meetings/note.html",
        "{% block title %}Notes{% endblock %}",
        "{% block title %}{{ note.title }}{% endblock %}",
    ),
    Hole(
        "the whole address goes to other sites",
        "opendialogue/settings.py",
        'SECURE_REFERRER_POLICY = "same-origin"',
        'SECURE_REFERRER_POLICY = "unsafe-url"',
    ),
]

POLICIES = [
    ("a line kept back is shared by row security", policy("meetings_line", "shared", "(NOT kept_back)")),
    ("every line is everybody’s", policy("meetings_line", "shared")),
    ("a late line unseen is shared by row security", policy("meetings_line", "shared", "(seen_by_person_at IS NOT NULL)")),
    ("a refused line is shared by row security", policy("meetings_line", "shared", "((state)::text <> 'refused'::text)")),
    ("every member is everybody’s", policy("network_member", "see")),
    ("every address and telephone is everybody’s", policy("network_membercontact", "see")),
    ("every reading is everybody’s", policy("network_reading", "see")),
    ("every account is everybody’s", policy("network_user", "see")),
    ("members see that consent was withdrawn", policy("network_consent", "see", "(withdrawn_at IS NULL)")),
    ("every consent is everybody’s to give", policy("network_consent", "add")),
    ("consent written down in another name", policy("network_consent", "add", "(recorded_by_id = ( SELECT od.uid() AS uid))"),
     "tests/meetings/test_sharing.py"),
    ("consent taken back in another name", check("network_consent", "change")),
    ("every case is everybody’s", policy("referrals_case", "see")),
    ("every call is everybody’s", policy("referrals_referral", "see")),
    ("words beside a note in another name", policy("meetings_addendum", "add")),
    ("a line in another name", policy("meetings_line", "add", "(recorded_by_id = ( SELECT od.my_staff_id() AS my_staff_id))")),
    ("a share in another name", policy("meetings_noteshare", "add")),
    ("every message is everybody’s", policy("network_message", "see")),
    ("every channel of staff is everybody’s", policy("network_staffchannel", "see")),
]  # fmt: skip

OUT_OF_SIGHT = "tests/meetings/test_out_of_sight.py"
OPENING = "tests/meetings/test_opening.py"
LATE_COVER = "tests/meetings/test_late_cover.py"
LOOKING = "tests/meetings/test_looking.py"
JOINING = "tests/meetings/test_joining.py"
SENT_AGAIN = "tests/meetings/test_sent_again.py"
TWO_PHONES = "tests/meetings/test_whatever_comes_first.py"
FUNCTIONS = [
    ("a word that ran out is told still", function("word_still_holds", "w.until > od.clock()", "true"), "tests/meetings/test_until.py"),
    ("words out of sight are seen", "DROP POLICY out_of_sight ON meetings_line", OUT_OF_SIGHT),
    ("what people bring is seen out of sight", "DROP POLICY out_of_sight ON meetings_tobring", OUT_OF_SIGHT),
    ("a contact is written anew", "ALTER TABLE referrals_contact DISABLE TRIGGER through_two", OUT_OF_SIGHT),
    ("words set aside can be read", "GRANT SELECT ON meetings_setaside TO od_app", OUT_OF_SIGHT),
    ("what was opened in need stays open", function("in_need_network_ids", "ended_at IS NULL AND ends_at > now()", "true"), OPENING),
    ("anybody’s opening in need", function("in_need_network_ids", "staff_id = (SELECT od.my_staff_id())", "true"), OPENING),
    ("a revoked way in still lets in", function("way_in_stands", "w.revoked_at IS NULL", "true"), "tests/opendialogue/test_letting_in.py"),
    ("a word that has ended still opens notes", function("readable_meeting_ids", "c.until > statement_timestamp()", "true")),
    ("a withdrawn consent opens notes", function("readable_meeting_ids", "c.withdrawn_at IS NULL", "true")),
    ("a share that has ended opens notes", function("readable_meeting_ids", "s.until > statement_timestamp()", "true")),
    ("a pause pauses nobody", function("reading_member_ids", "p.ended_at IS NULL", "false")),
    ("a withdrawn share opens notes", function("readable_meeting_ids", "s.withdrawn_at IS NULL", "true")),
    ("who has left the network is a member still", function("my_member_ids", "m.left_at IS NULL", "true")),
    ("who has left the service works here still", function("my_staff_id", "s.left_at IS NULL", "true")),
    ("who has left the team is of it still", function("team_network_ids", "left_at IS NULL", "true")),
    ("two of different names are made one", function("same_person", "od.same_name(o.name, NEW.name)", "true")),
    ("anybody sends late lines", function("to_record", "s.staff_id = (SELECT od.my_staff_id())", "true"), LATE_COVER),
    ("who came sends anything late", function("keep_late_line", "coalesce(said ->> 'kind', '')", "'voice'"), LATE_COVER),
    ("a device asks after the lines of others", function("line_came", "recorded_by_id = (SELECT od.my_staff_id())", "true"), SENT_AGAIN),
    ("a device asks after what others sent", function("line_came", "taken_from_id = (SELECT od.my_staff_id())", "true"), TWO_PHONES),
    ("a device sends into any meeting", function("take_entry", "network_id IN (SELECT od.recording_network_ids())", "true"), TWO_PHONES),
    ("what somebody else sent counts as one’s own", function("take_entry", "NOT od.line_came(entry, of_meeting)", "false"), TWO_PHONES),
    ("anybody moves a beginning back", "ALTER TABLE meetings_meeting DISABLE TRIGGER came_earlier", TWO_PHONES),
    ("a meeting of a closed case is held all the same", "ALTER TABLE meetings_meeting DISABLE TRIGGER case_open_still", TWO_PHONES),
    ("a withdrawn invitation opens a meeting", function("invited_meeting_ids", "i.withdrawn_at IS NULL", "true")),
    ("anybody’s eyes", function("eyes_of", "p.user_id = u.id", "true"), LOOKING),
    ("eyes that can write", function("eyes_of", "current_setting('transaction_read_only') = 'on'", "true"), LOOKING),
    ("anybody opens accounts", function("account_for", "od.my_staff_id() IS NULL", "false"), JOINING),
    ("anybody says: this is me", function("join_network", "m.uuid IN (SELECT w.member FROM od.waiting_memberships() w)", "true"), JOINING),
    ("readings without a reader", function("log_reading", "me.id IS NULL AND own.id IS NULL", "false"), "tests/meetings/test_readings.py"),
    ("nothing stays as it was written", function("stays_as_written", "to_jsonb(OLD)", "to_jsonb(NEW)")),
    ("consent given anew without a trace", "ALTER TABLE network_consent DISABLE TRIGGER withdrawn"),
    ("row security off for lines", "ALTER TABLE meetings_line DISABLE ROW LEVEL SECURITY"),
    ("the app may rewrite what was said", "GRANT UPDATE (text) ON meetings_line TO od_app"),
    ("the app may delete readings", "GRANT DELETE ON network_reading TO od_app"),
    ("the app may move a clock", "GRANT UPDATE ON referrals_responsetimer TO od_app"),
]  # fmt: skip

OF_THE_LEAD = ("tests/meetings/test_service_pages.py", "tests/meetings/test_promises_sql.py")
LEAD = [
    Hole(
        "coordinators are leads",
        "network/permissions.py",
        "user.staff.is_lead and user.staff.service_id == service.pk",
        "user.staff.oversees and user.staff.service_id == service.pk",
    ),
    Hole(
        "a lead of any service",
        "meetings/views/service.py",
        "Staff.objects.of_service(_led(request))",
        "Staff.objects.exclude(service=None if _led(request) else 0)",
    ),
    *(
        Hole(name, "database", sql=sql)
        for name, sql in (
            ("what is the lead’s is anybody’s", function("only_the_lead", "IS NOT TRUE", "IS NULL")),
            ("the trail of changes is everybody’s", policy("network_servicechange", "see")),
            ("the trail of changes forgets", "ALTER TABLE network_service DISABLE TRIGGER trail"),
            ("the last lead leaves", "ALTER TABLE network_staff DISABLE TRIGGER keeps_a_lead"),
            ("cases are left behind", "ALTER TABLE network_staff DISABLE TRIGGER leaves"),
            ("a meeting is left alone", "ALTER TABLE network_staff DISABLE TRIGGER leaves_no_meeting"),
            ("who has left has it still", "ALTER TABLE network_staff DISABLE TRIGGER has_nothing"),
            ("who has left is told still", "ALTER TABLE network_staff DISABLE TRIGGER told_no_more"),
            ("a call goes to somebody who has left", "ALTER TABLE referrals_case DISABLE TRIGGER works_here"),
        )
    ),
]

HOLES = [
    *(replace(hole, first=(*hole.first, *ALONE)) for hole in [*SCOPES, *IDS]),
    *(replace(hole, first=("tests/guards/test_permissions.py", *ALONE)) for hole in MAY),
    *(replace(hole, first=hole.first or AT_THE_DOOR) for hole in DOORS), *LIMITS,
    *(replace(hole, first=ON_THE_PAGE) for hole in PAGES),
    *(replace(hole, first=OF_THE_LEAD) for hole in LEAD),
    *(Hole(name, "database: policy", sql=sql, first=(*about, *BESIDE)) for name, sql, *about in POLICIES),
    *(Hole(name, "database", sql=sql, first=(*about, *BESIDE)) for name, sql, *about in FUNCTIONS),
]  # fmt: skip

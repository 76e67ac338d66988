"""Forms of first contact. What is missing is said in a sentence, and never stops a clock that can start."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from network.fields import LineField, LocalTimeField, OnceField, WordsField
from network.models import Member, Staff
from referrals.models import Case, CaseClosure, Contact, Referral, ResponseTimer, Urgency
from referrals.rules import SENTENCES

NOT_KNOWN = "Not known yet"
PLACES = [("not_said", "Not said yet"), *(c for c in Referral.Place.choices if c[0] != "not_said")]
READABLE = "The person can read this."
NEEDED = {
    "call_back": "Write a way to call back.",
    "person_name": "Write the person’s name, or tick “not known yet”.",
    "words": "Write what is happening, in the caller’s own words.",
}

NEARNESS = [("", "not said"), *Member.Circle.choices]  # nobody is made family by leaving a field alone


def choice(choices: Any = (), *, needed: str = "", widget: Any = None, **kwargs: Any) -> forms.ChoiceField:
    """One of `choices`; `needed` is what is said when none is chosen."""
    messages = {"invalid_choice": "Choose one of the answers."} | ({"required": needed} if needed else {})
    return forms.ChoiceField(choices=choices, widget=widget, error_messages=messages, **kwargs)


def segments(choices: Any, **kwargs: Any) -> forms.ChoiceField:
    """One bar of radio buttons."""
    return choice(choices, widget=forms.RadioSelect(attrs={"class": "as-segments"}), **kwargs)


def radios(choices: Any, **kwargs: Any) -> forms.ChoiceField:
    return choice(choices, widget=forms.RadioSelect, **kwargs)


def heard_at(moment: datetime | None) -> datetime | None:
    """When somebody was first heard: not in the future, and not in the year of a slip of the finger."""
    if moment and moment > timezone.now() + timedelta(minutes=1):
        raise forms.ValidationError("First heard cannot be in the future.")
    if moment and moment < timezone.now() - timedelta(days=366):
        raise forms.ValidationError("This is more than a year ago. Look at the date again.")
    return moment


class NamedForm(forms.Form):
    """Somebody who should be there."""

    name = LineField(label="Name", required=False)
    relation = LineField(label="How related", required=False)
    circle = choice(label="They are", choices=NEARNESS, required=False)
    phone = LineField(label="Phone", required=False, most=60)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("name") and (cleaned.get("relation") or cleaned.get("phone")):
            cleaned["name"] = cleaned.get("relation") or "Somebody"
        return cleaned


NamedFormSet = forms.formset_factory(NamedForm, extra=3, max_num=20, absolute_max=40)


class CallForm(forms.Form):
    """Take a call. Needed are only a way to call back, a name, and what is happening."""

    use_required_attribute = False

    TOLD = [
        ("self", "The person is calling"),
        ("yes", "Yes, they know"),
        ("not_yet", "Not told yet"),
        ("refused", "They say no"),
    ]

    uuid = OnceField()
    started_at = forms.CharField(widget=forms.HiddenInput, required=False)
    words = WordsField(
        label="What is happening?",
        help_text=f"In the caller’s own words. {READABLE}",
        needed=NEEDED["words"],
        rows=5,
    )
    caller_name = LineField(label="Who is calling?", help_text="Or “did not say”", required=False)
    caller_relation = LineField(label="How are they related?", help_text="In their words", required=False)
    caller_circle = choice(label="The caller is", choices=NEARNESS, required=False)
    call_back = LineField(
        label="A way to call back", help_text=f"Phone or e-mail. {READABLE}", most=200, needed=NEEDED["call_back"]
    )
    person_name = LineField(label="The person’s name", help_text="As people call them", needed=NEEDED["person_name"])
    name_not_known = forms.BooleanField(label="The name is not known yet", required=False)
    urgency = segments(Urgency.choices, label="How soon?", initial=Urgency.URGENT, required=False)
    told = segments(TOLD, label="Does the caller know that the person can read this?", required=False)
    place = choice(
        label="Where would they like to meet?",
        choices=PLACES,
        required=False,
        initial=Referral.Place.NOT_SAID,
    )
    place_words = LineField(label="Address, or how to find it", most=300, required=False)
    language = LineField(label="Language", most=60, required=False)
    interpreter = LineField(label="Interpreter", help_text="For whom, into what", most=200, required=False)
    safety = WordsField(
        label="What should the team know to come safely?",
        help_text=f"A dog, a weapon in the house, stairs, no bell. {READABLE} "
        "What would endanger somebody if read belongs in your organisation’s safeguarding system.",
        required=False,
        rows=2,
    )
    channel = choice(
        label="How did it reach you?",
        choices=[c for c in Referral.Channel.choices if c[0] != "public_page"],
        initial=Referral.Channel.PHONE,
        required=False,
    )
    first_heard_at = LocalTimeField(label="First heard, if earlier than now", required=False)
    late_reason = LineField(
        label="If that is more than a day ago: why is it recorded only now?",
        help_text=READABLE,
        most=300,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:  # the phone is at the ear: the first key is a word of the caller
            self.fields["words"].widget.attrs["autofocus"] = True
        self.fields["person_name"].required = not self.data.get("name_not_known")
        if self.data.get("told") in ("not_yet", "refused"):
            self.fields["words"].required = False  # they would be left out

    def clean_first_heard_at(self) -> datetime | None:
        return heard_at(self.cleaned_data.get("first_heard_at"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        heard = cleaned.get("first_heard_at")
        if heard and timezone.now() - heard > timedelta(days=1) and not cleaned.get("late_reason"):
            self.add_error("late_reason", "This is more than a day ago. Say why it is recorded only now.")
        return cleaned

    def call(self) -> dict[str, Any]:
        """What actions.take_call takes."""
        data = self.cleaned_data
        defaults = {"urgency": Urgency.URGENT, "told": "not_yet", "place": "not_said", "channel": "phone"}
        call = {key: data[key] for key in data if key not in ("started_at", "name_not_known")}
        call |= {key: data[key] or default for key, default in defaults.items()}
        call["person_name"] = data["person_name"] or NOT_KNOWN
        call["first_heard_at"] = data["first_heard_at"] or self._started()
        return call

    def _started(self) -> datetime | None:
        """When typing began, as the browser noted it: used only while it can be true."""
        try:
            started = datetime.fromtimestamp(float(self.cleaned_data["started_at"]), tz=timezone.get_current_timezone())
        except (ValueError, OverflowError, OSError):
            return None
        now = timezone.now()
        return started if now - timedelta(hours=12) < started <= now else None


class JoinForm(forms.Form):
    """A new case, or one of those that the call might be about. Never chosen by itself."""

    join = choice(widget=forms.RadioSelect, required=False, initial="", label="Is the call about one of these?")

    def __init__(self, *args: Any, offers: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = list(offers)
        self.fields["join"].choices = [("", "No, a new case"), *self.offers]  # type: ignore[attr-defined]

    def clean_join(self) -> dict[str, UUID | None]:
        case, _, member = self.cleaned_data["join"].partition(":")
        return {"join_case": UUID(case) if case else None, "caller_member": UUID(member) if member else None}


class ReferForm(forms.Form):
    """The public page, in plain words."""

    use_required_attribute = False

    WHO = [
        ("self", "Myself"),
        ("near", "A member of my family, or a friend"),
        ("professional", "Somebody I work with: I am a GP or another professional"),
        ("other", "Somebody else"),
    ]
    TOLD = [
        ("yes", "Yes, they know"),
        ("not_yet", "Not yet"),
        ("refused", "I do not agree that they can read it"),
    ]
    YES_NO = [("no", "No"), ("yes", "Yes"), ("not_sure", "I am not sure")]

    uuid = OnceField()
    who = radios(WHO, label="For whom do you ask?", needed="Say for whom you ask.")
    pathway = radios(
        [
            ("crisis", "It is a crisis: somebody should meet us soon"),
            ("not_crisis", "It is not a crisis: I would like a reply"),
        ],
        label="Is it a crisis?",
        help_text="A crisis is when it cannot go on like this, for the person or for those near them.",
        needed="Say whether it is a crisis. If you are not sure, choose crisis.",
    )
    in_crisis = radios(YES_NO, label="Is the person in a crisis now?", required=False)
    under_team = radios(
        YES_NO,
        label="Does a mental-health team of a hospital or clinic look after the person now?",
        help_text="A secondary mental-health team, as professionals call it",
        required=False,
    )
    person_name = LineField(
        label="The person’s name",
        help_text="Your own, if you ask for yourself",
        needed="Write a name, or what people call them.",
    )
    caller_name = LineField(label="Your name", required=False)
    caller_relation = LineField(
        label="How are you related?", help_text="For example: her mother, a neighbour, his doctor", required=False
    )
    call_back = LineField(
        label="How can we reach you?",
        help_text="A phone number or an e-mail address",
        most=200,
        needed="Write a phone number or an e-mail address.",
    )
    told = radios(TOLD, label="Does the person know that they can read what you write here?", required=False)
    words = WordsField(
        label="What is happening?", help_text="In your own words. One sentence is enough.", required=False, rows=6
    )
    place = choice(label="Where would you like to meet?", choices=PLACES, required=False)
    place_words = LineField(label="Address, or how to find it", most=300, required=False)
    language = LineField(label="Which language would you like to speak?", most=60, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("who") != "self" and not cleaned.get("told"):
            self.add_error("told", "Say whether the person knows. What follows from it stands below.")
        if not cleaned.get("words") and (cleaned.get("who") == "self" or cleaned.get("told") == "yes"):
            self._missing("words", "Write what is happening, in your own words. One sentence is enough.")
        if cleaned.get("pathway") == "not_crisis":
            self._turn_elsewhere(cleaned)
        return cleaned

    def call(self) -> dict[str, Any]:
        """What actions.refer takes, besides the service and the sender."""
        data = self.cleaned_data
        mine = data["who"] == "self"
        return {
            "uuid": data["uuid"],
            "person_name": data["person_name"],
            "call_back": data["call_back"],
            "words": data["words"],
            "told": "self" if mine else data["told"],
            "caller_name": "" if mine else data["caller_name"],
            "caller_relation": "" if mine else data["caller_relation"],
            "caller_circle": {"near": "family", "professional": "professional"}.get(data["who"], "other"),
            "urgency": "not_crisis" if data["pathway"] == "not_crisis" else "urgent",
            "place": data["place"] or "not_said",
            "place_words": data["place_words"],
            "language": data["language"],
        }

    def _missing(self, field: str, sentence: str) -> None:
        if field not in self.errors:
            self.add_error(field, sentence)

    def _turn_elsewhere(self, cleaned: dict[str, Any]) -> None:
        """Not in crisis and not under a secondary team: otherwise the page says where to turn instead."""
        for question in ("in_crisis", "under_team"):
            if not cleaned.get(question):
                self._missing(question, "Please answer this too.")
        if cleaned.get("in_crisis") == "yes":
            self.add_error(
                "in_crisis",
                "Then choose “It is a crisis” above, and we come soon. Whom to call now stands on top of this page.",
            )
        if cleaned.get("under_team") == "yes":
            self.add_error(
                "under_team",
                "Then please turn to that team: they know the person, and can be reached sooner. "
                "If it is a crisis, choose “It is a crisis” above.",
            )


class ContactForm(forms.Form):
    """What happened beside the clock."""

    use_required_attribute = False

    KINDS = [
        ("called_back", "Called back"),
        ("no_answer", "No answer"),
        ("offered", "Offered a meeting"),
        ("declined", "Declined"),
    ]

    kind = segments(KINDS, label="What happened?", needed="Say what happened.")
    whom = LineField(label="With whom?", required=False)
    words = WordsField(label="What was said?", help_text=READABLE, required=False, rows=3)
    offered = WordsField(
        label="What was offered?", help_text=f"A time, a place, who comes. {READABLE}", required=False, rows=2
    )
    declined_by = LineField(label="Who declined?", required=False)
    declined_what = radios(Contact.Declined.choices, label="What did they decline?", required=False)
    next_contact = LineField(
        label="The agreed next contact", help_text=f"Who calls whom, about what. {READABLE}", most=300, required=False
    )
    next_contact_at = LocalTimeField(label="When is the next contact?", required=False)
    at = LocalTimeField(label="When was it, if not just now?", required=False)

    def __init__(self, *args: Any, waits_for_reply: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if waits_for_reply:
            self.fields["kind"].choices = [("replied", "Replied"), *self.KINDS]  # type: ignore[attr-defined]

    def clean_at(self) -> datetime | None:
        at = self.cleaned_data.get("at")
        if at and at > timezone.now() + timedelta(minutes=1):
            raise forms.ValidationError("This cannot be in the future.")
        return at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        following = cleaned.get("next_contact_at")
        if following and following < (cleaned.get("at") or timezone.now() - timedelta(minutes=1)):
            self.add_error("next_contact_at", "The next contact comes after this one. Look at the day again.")
        if cleaned.get("kind") == Contact.Kind.DECLINED:
            needed = {
                "declined_by": "Say who declined.",
                "declined_what": "Say what they declined.",
                "offered": "Say what was offered.",
                "next_contact": "A refusal is not an end: write the agreed next contact.",
            }
            for field, sentence in needed.items():
                if not cleaned.get(field) and field not in self.errors:
                    self.add_error(field, sentence)
        return cleaned


class FirstHeardForm(forms.Form):
    """Corrects the start of a clock."""

    use_required_attribute = False

    timer = forms.ModelChoiceField(ResponseTimer.objects.none(), label="Which clock?", widget=forms.RadioSelect)
    corrected = LocalTimeField(
        label="First heard was really", error_messages={"required": "Write when it was first heard."}
    )
    reason = LineField(
        label="Why is it corrected?", help_text=READABLE, most=300, needed="Say why the time is corrected."
    )

    def __init__(self, *args: Any, timers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_clock(self, timers)

    def clean_corrected(self) -> datetime | None:
        return heard_at(self.cleaned_data["corrected"])


class UrgencyForm(forms.Form):
    """Gives a running clock other hours."""

    use_required_attribute = False

    timer = forms.ModelChoiceField(ResponseTimer.objects.none(), label="Which clock?", widget=forms.RadioSelect)
    after = segments(Urgency.choices, label="How soon?", needed="Choose how soon.")
    reason = LineField(
        label="Why?",
        help_text=f"Needed when it becomes less urgent; that is counted. {READABLE}",
        most=300,
        required=False,
    )

    def __init__(self, *args: Any, timers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_clock(self, timers)


class HandOverForm(forms.Form):
    """Gives a case to a colleague."""

    after = forms.ModelChoiceField(
        Staff.objects.none(), label="Who looks after it from now on?", widget=forms.RadioSelect,
        error_messages={"required": "Choose a colleague.", "invalid_choice": "Choose somebody who works here."},
    )  # fmt: skip

    def __init__(self, *args: Any, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["after"].queryset = staff  # type: ignore[attr-defined]


class TakeOverForm(forms.Form):
    """Takes a case from whoever has it: `seen` says who that was, and since when, on the page that was looked at."""

    seen = forms.CharField(required=False)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case

    @staticmethod
    def seen_of(case: Case) -> str:
        return f"{case.owner.uuid} {case.taken_at.isoformat() if case.taken_at else 'nobody'}"

    def clean(self) -> None:
        if self.cleaned_data.get("seen") != self.seen_of(self.case):
            raise forms.ValidationError(SENTENCES["case_changed_hands"].text)


class ToldForm(forms.Form):
    """What became of telling the caller."""

    use_required_attribute = False

    answer = radios(
        [("yes", "Yes, they know now"), ("refused", "They were told and say no")],
        label="Does the caller know now that the person can read this?",
        needed="Say what the caller answered.",
    )
    words = WordsField(
        label="What is happening?",
        help_text=f"In the caller’s own words, as they say it now. {READABLE}",
        required=False,
        rows=5,
    )
    safety = WordsField(label="What should the team know to come safely?", help_text=READABLE, required=False, rows=2)


class CloseForm(forms.Form):
    """How a case ends."""

    use_required_attribute = False

    kind = radios(
        [("together", "Decided together in a meeting"), ("without_meeting", "Without a meeting")],
        label="How was it decided?",
        needed="Say how it was decided.",
    )
    reason = WordsField(
        label="Why is the case closed?", help_text=READABLE, needed="Say why the case is closed.", rows=3
    )
    decided_in = choice(label="In which meeting?", required=False)
    code = choice(
        label="Is it one of these?",
        help_text="Figures are shown with and without them.",
        choices=CaseClosure.Code.choices,
        required=False,
    )
    offers = WordsField(label="What was offered, and when?", help_text=READABLE, required=False, rows=3)
    second_staff = forms.ModelChoiceField(
        Staff.objects.none(),
        label="Which colleague decided it with you?",
        required=False,
        empty_label="Choose a colleague",
    )
    word_to_person = LineField(
        label="How was the person told?", help_text="Or why it was not possible", most=300, required=False
    )
    word_to_caller = LineField(
        label="How was the caller told?", help_text="Or why it was not possible", most=300, required=False
    )

    WITHOUT = {
        "offers": "Write what was offered, and when.",
        "second_staff": "A second name of staff is needed.",
        "word_to_person": "Write how the person was told, or why it was not possible.",
        "word_to_caller": "Write how the caller was told, or why it was not possible.",
    }

    def __init__(self, *args: Any, case: Case, meetings: list[tuple[UUID, str]], staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = [("", "Choose a meeting"), *((str(uuid), label) for uuid, label in meetings)]
        self.fields["decided_in"].choices = held  # type: ignore[attr-defined]
        self.fields["second_staff"].queryset = staff  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == CaseClosure.Kind.WITHOUT_MEETING:
            for field, sentence in self.WITHOUT.items():
                if not cleaned.get(field) and field not in self.errors:
                    self.add_error(field, sentence)
        elif cleaned.get("kind") == CaseClosure.Kind.TOGETHER and not cleaned.get("decided_in"):
            self.add_error("decided_in", "Choose the meeting in which it was decided.")
        return cleaned

    def closure(self) -> dict[str, Any]:
        """What actions.close_case takes: nothing that belongs to the other way of closing."""
        data = dict(self.cleaned_data)
        if data["kind"] == CaseClosure.Kind.TOGETHER:
            data |= {"code": "", "offers": "", "second_staff": None, "word_to_person": "", "word_to_caller": ""}
            data["decided_in"] = UUID(data["decided_in"])
        else:
            data["decided_in"] = None
        return data


def choose_clock(form: forms.Form, timers: Any) -> None:
    """With one clock there is nothing to choose: the field goes, and `form.only_timer` is it."""
    clocks = list(timers)
    form.only_timer = clocks[0] if len(clocks) == 1 else None  # type: ignore[attr-defined]
    if len(clocks) == 1:
        del form.fields["timer"]
        return
    field = form.fields["timer"]
    field.queryset = ResponseTimer.objects.filter(pk__in=[clock.pk for clock in clocks])  # type: ignore[attr-defined]
    field.label_from_instance = lambda clock: f"{clock.get_kind_display()}, {clock.get_urgency_display()}"  # type: ignore[attr-defined]


def chosen_clock(form: Any) -> ResponseTimer:
    """The clock the form is about."""
    clock: ResponseTimer = form.only_timer or form.cleaned_data["timer"]
    return clock

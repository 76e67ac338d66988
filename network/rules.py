"""How an action writes: one transaction, one audit row, and each rule that refuses as one sentence.

A rule is the name of a constraint, or what a trigger gives to od.refuse. The database keeps it; here it gets its words. Each app adds
its own sentences in its own rules.py.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, ProgrammingError, connection, models, transaction


@dataclass(frozen=True)
class Sentence:
    """What people read when a rule refuses, and the form field it belongs to (empty: the whole form)."""

    text: str
    field: str = ""


class Refusal(Exception):
    """A rule said no. `rule` names it, `sentence` says it to people, `field` is where on the form it belongs."""

    def __init__(self, rule: str) -> None:
        sentence = SENTENCES[rule]
        self.rule, self.sentence, self.field = rule, sentence.text, sentence.field
        super().__init__(rule)


SENTENCES: dict[str, Sentence] = {
    "audit_verb_is_known": Sentence("This cannot be put on record: nobody has said what it is called."),
    "audit_in_plain_words": Sentence("What was done is put on record in words that name nobody."),
    "stays_as_written": Sentence("What is written stays as it is. You can add to it beside the text."),
    "one_of_the_answers_consent": Sentence("Choose one of the answers offered.", "covers"),
    "one_of_the_answers_member": Sentence("Choose one of the answers offered.", "circle"),
    "one_of_the_answers_reading": Sentence("That cannot be read here."),
    "of_the_same_network": Sentence("That belongs to somebody else. Please choose again."),
    "withdrawn_stays": Sentence("This was taken back. To share again, give your word anew."),
    "consent_is_for_others": Sentence("The person reads everything already.", "member"),
    "consent_one_at_a_time": Sentence("They may read already."),
    "consent_names_its_witness": Sentence("Say who was there when the person gave their word.", "witness"),
    "consent_says_where": Sentence("Say where the person gave their word.", "where"),
    "consent_lasts_until_a_time_to_come": Sentence("This day has passed.", "until"),
    "consent_since_a_time_before": Sentence("This day is still to come."),
    "reader_is_not_paused": Sentence("They are paused. End the pause first.", "members"),
    "pause_one_at_a_time": Sentence("They are paused already."),
    "pause_names_its_witness": Sentence("Say who was there when the person said so.", "witness"),
    "pause_ends_by_the_persons_word": Sentence("Say where the person said so, and who was there.", "where"),
    "pause_ended_by_somebody": Sentence("Say who ends the pause."),
    "one_of_the_answers_pause": Sentence("Choose one of the answers offered.", "how"),
    "on_duty_is_a_coordinator": Sentence("Only a coordinator or a lead can be on duty.", "on_duty"),
    "team_of_clinicians": Sentence("A team is made of clinicians who work here.", "team"),
    "team_of_two_or_more": Sentence("A team needs two clinicians or more.", "team"),
    "team_member_once": Sentence("They are in the team already.", "team"),
    "one_address_one_member": Sentence(
        "Somebody else in this network has this e-mail address. Each needs their own.", "email"
    ),
    "member_name_given": Sentence("Write a name, or what people call them.", "name"),
    "member_wanted_says_where": Sentence("Say where the person gave their word, and to whom.", "wanted_word"),
    "person_stays_in_network": Sentence("The person at the centre stays."),
    "member_account_once_per_network": Sentence("This account is in the network already."),
    "channel_has_its_address": Sentence("Write where messages should go.", "address"),
    "channel_number_with_country": Sentence("Write the number with its country, as in +358 40 555 0134.", "address"),
    "channel_push_over_tls": Sentence("This browser cannot be reached."),
    "channel_push_has_its_keys": Sentence("This browser cannot be reached."),
    "channel_browser_has_a_name": Sentence("Give this device a name, such as “my phone”.", "device"),
    "channel_one_of_a_kind": Sentence("This was changed at the same moment elsewhere. Please look again."),
    "channel_browser_once": Sentence("This browser is set up already."),
    "channel_set_anew": Sentence("This was put away. Please set it up anew."),
    "only_staff_opens_accounts": Sentence("Only staff can do this."),
    "account_has_one_address": Sentence("An account has one address, and keeps it.", "email"),
    "inquiry_says_why": Sentence("Say what for. Whom it is about reads it.", "purpose"),
    "inquiry_days_in_order": Sentence("The last day comes after the first.", "last_day"),
    "opening_says_why": Sentence("Say why. The person reads it.", "reason"),
    "opening_for_some_hours": Sentence("Choose for how long.", "hours"),
    "opening_is_for_staff": Sentence(
        "You belong to this network yourself, or do not work here. Ask a colleague to look instead."
    ),
    "opening_one_at_a_time": Sentence("You have opened this already."),
    "opening_is_over": Sentence("It has ended already."),
    "opening_ended_by_somebody": Sentence("Say who ends it."),
    "way_in_for_those_wanted": Sentence(
        "They are of the network no more, or the person has not said that they may be invited."
    ),
    "way_in_needs_an_address": Sentence("Write down their e-mail address first."),
    "way_in_needs_a_number": Sentence("Write down their number with its country first, as in +358 40 555 0134."),
    "paper_for_those_without": Sentence("They have an e-mail address or a telephone: send them a link."),
    "way_in_to_their_account": Sentence(
        "They sign in with the address they had when they joined. A link to another one would open what is theirs."
    ),
    "one_of_the_answers_way_in": Sentence("Choose one of the answers offered."),
    "way_in_handed_to_somebody": Sentence("Write to whom you gave it.", "handed_to"),
    "user_phone_with_country": Sentence("Write the number with its country, as in +358 40 555 0134."),
    "message_to_those_concerned": Sentence("Messages go to those whom they concern, and to nobody else."),
    "service_keeps_a_lead": Sentence("Somebody has to lead the service. Make somebody else a lead first.", "roles"),
    "another_lead_does_this": Sentence("Nobody ends this for themselves. Another lead can.", "roles"),
    "address_is_taken": Sentence("This address is in use already. Each needs a work address of their own.", "email"),
    "staff_has_a_role": Sentence("Choose what they do here.", "roles"),
    "staff_name_given": Sentence("Write their name, as the networks know them.", "name"),
    "role_is_needed": Sentence(
        "They are on duty, of a team, or expected at a turn or a meeting that needs this. Hand that over first.",
        "roles",
    ),
    "one_of_the_answers_staff": Sentence("Choose one of the answers offered.", "profession"),
    "service_name_given": Sentence("Write the name of the service.", "name"),
    "service_night_number_given": Sentence("Write a number to call at night.", "night_number"),
    "service_emergency_number_given": Sentence("Write the number for emergencies.", "emergency_number"),
    "service_emergency_advice_given": Sentence("Say what to do in an emergency.", "emergency_advice"),
    "service_reply_within_two_weeks": Sentence("Two weeks are the most: 336 hours.", "hours_reply"),
    "service_hours_positive": Sentence("An hour is the least.", "hours_reply"),
    "service_time_zone_known": Sentence("Choose one of the time zones offered.", "time_zone"),
    "service_changed_meanwhile": Sentence(
        "A colleague changed this meanwhile. Open the page anew, and look at theirs."
    ),
    "does_not_fit": Sentence("Something here is too long, or cannot be kept as it is. Look at it again."),
}


def refusal_of(error: IntegrityError) -> Refusal | None:
    """The refusal that a broken constraint stands for, or None when no rule is known by that name."""
    cause = error.__cause__
    rule = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return Refusal(rule) if rule in SENTENCES else None


class Written:
    """What a write was about: the action sets `thing`, the audit row names it."""

    thing: models.Model | None = None


@contextmanager
def refusals() -> Iterator[None]:
    """All or nothing. Raises Refusal for a rule of the database and for a value that no column takes, PermissionDenied where row security
    or a missing right says no.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if refusal := refusal_of(error):
            raise refusal from error
        raise
    except DataError as error:
        raise Refusal("does_not_fit") from error
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") == "42501":
            raise PermissionDenied from error
        raise


@contextmanager
def one_transaction() -> Iterator[None]:
    """One transaction, its deferred rules included; what they say no to is raised as in `refusals`."""
    with refusals():
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def one_write(verb: str) -> Iterator[Written]:
    """One transaction with one audit row (`verb`, past tense, one of od.audit_verb). The action sets `.thing`."""
    written = Written()
    with one_transaction():
        yield written
        log_audit(verb, written.thing)


def log_audit(verb: str, thing: models.Model | None) -> None:
    """One audit row; the database says who."""
    name = thing._meta.model_name if thing else ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.log_audit(%s, %s, %s)", [verb, name, getattr(thing, "uuid", None)])


def log_reading(what: str, thing: UUID, network: Any) -> None:
    """Put on record that the signed-in account read `thing` (a Reading.What) of `network`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.log_reading(%s, %s, %s)", [what, thing, network.pk])


def queue_message(key: str, *, kind: str, to: str, network: Any, meeting_at: Any = None) -> None:
    """Queue a neutral message (a Message.Kind) to one address. The same `key` is queued once; an empty address queues nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT od.queue_message(%s, %s, %s, %s, %s, %s)",
            [key, kind, network.service_id, network.pk, to, meeting_at],
        )


def clean_words(text: str) -> str:
    """People's words as stored: line ends made one kind, NUL and other control characters gone, everything else as typed."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text.replace("\r\n", "\n").replace("\r", "\n")).strip()

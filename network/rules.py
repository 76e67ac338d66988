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
    "message_to_those_concerned": Sentence("Messages go to those whom they concern, and to nobody else."),
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
def one_transaction() -> Iterator[None]:
    """One transaction, its deferred rules included.

    Raises Refusal for a rule of the database and for a value that no column takes, PermissionDenied where row security or a missing
    right says no.
    """
    try:
        with transaction.atomic():
            yield
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
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
def one_write(verb: str) -> Iterator[Written]:
    """One transaction with one audit row (`verb`, past tense, no names). The action sets `.thing`."""
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

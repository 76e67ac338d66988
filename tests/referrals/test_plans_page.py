"""The page that says who is told when, and the form in which a lead changes it."""

import pytest
from django.urls import reverse

from referrals.models import EscalationPlan
from tests.factories import make_cast

pytestmark = pytest.mark.django_db
HERE = "/escalation/"


@pytest.fixture
def cast():
    return make_cast()


def page(response):
    return " ".join(response.content.decode().split())


def current(cast, subject="wish"):
    return EscalationPlan.objects.filter(service=cast.service, subject=subject).order_by("-made_at", "-pk").first()


def path(plan):
    return reverse("change_plan", args=[plan.uuid])


def typed(*steps, hours="12", hold="120"):
    """What the form sends: a row for each step, and an empty one."""
    data = {"hours": hours, "hold_minutes": hold, "steps-TOTAL_FORMS": len(steps) + 1, "steps-INITIAL_FORMS": "0"}
    for number, step in enumerate((*steps, {"amount": "", "moment": "share", "whom": "owner", "channels": ["email"]})):
        row = {"amount": "50", "moment": "share", "whom": "owner", "channels": ["email"], "wait_minutes": "60"} | step
        data |= {f"steps-{number}-{name}": value for name, value in row.items()}
    return data


def test_everybody_of_the_service_reads_it_in_words(cast, client):
    client.force_login(cast.clinician1.user)
    seen = page(client.get(HERE))
    assert "<b>After half of the time:</b> whoever looks after the case, by e-mail and notification." in seen
    assert "<b>1 h before the deadline:</b> the service lead" in seen
    assert "it begins anew" in seen
    assert "keeps the plan it began with" in seen
    assert "As the product brings it." in seen
    assert "Change<span" not in seen
    client.force_login(cast.person.user)
    assert client.get(HERE).status_code == 404


def test_a_way_that_is_not_set_up_is_said(cast, client, settings):
    settings.LOCAL, settings.SMS_GATEWAY_URL, settings.VAPID_PRIVATE_KEY = False, "", ""
    client.force_login(cast.lead.user)
    assert "Not set up here: text message, notification." in page(client.get(HERE))


def test_only_a_lead_of_the_service_changes_it(cast, client):
    plan, before = current(cast), EscalationPlan.objects.count()
    for who in ("coordinator", "clinician1", "coordinator2", "person"):
        client.force_login(getattr(cast, who).user)
        assert client.get(path(plan)).status_code == client.post(path(plan), typed({})).status_code == 404
    client.force_login(cast.lead.user)
    theirs = EscalationPlan.objects.filter(service=cast.elsewhere).first()
    assert client.get(path(theirs)).status_code == 404
    assert EscalationPlan.objects.count() == before


def test_a_lead_makes_a_new_plan_and_the_old_one_stays(cast, client):
    client.force_login(cast.lead.user)
    plan = current(cast)
    assert 'value="50"' in page(client.get(path(plan)))
    steps = [{}, {"amount": "2", "moment": "hours_before", "whom": "lead", "channels": ["sms", "email"]},
             {"amount": "30", "moment": "minutes_after", "whom": "clinician_on_call"}]  # fmt: skip
    assert client.post(path(plan), typed(*steps))["Location"] == HERE
    made = current(cast)
    assert (made.hours, made.hold_minutes, made.made_by) == (12, 120, cast.lead)
    assert [(step.share and float(step.share), step.minutes, step.whom) for step in made.steps.all()] == [
        (0.5, None, "owner"),
        (None, -120, "lead"),
        (None, 30, "clinician_on_call"),
    ]
    assert plan.steps.count() == 3
    seen = page(client.get(HERE))
    assert "<b>30 min after the deadline:</b> the clinician on call" in seen
    assert "Made by <bdi>Leo</bdi>" in seen


@pytest.mark.parametrize("subject", ["first_meeting_urgent", "words_between"])
def test_saved_as_it_is_it_stays_the_same(cast, client, subject):
    """What the form shows of a plan is the plan."""
    client.force_login(cast.lead.user)
    plan = current(cast, subject)
    form = client.get(path(plan)).context
    data = {"hold_minutes": plan.hold_minutes, "steps-TOTAL_FORMS": 5, "steps-INITIAL_FORMS": 4}
    data |= {"hours": plan.hours} if plan.hours else {}
    for number, row in enumerate(form["steps"].initial):
        data |= {f"steps-{number}-{name}": value for name, value in row.items()}
    data["steps-INITIAL_FORMS"] = len(form["steps"].initial)
    data["steps-TOTAL_FORMS"] = len(form["steps"].initial)
    assert client.post(path(plan), data).status_code == 302
    same = ("position", "share", "minutes", "whom", "wait_minutes")
    assert list(current(cast, subject).steps.values_list(*same)) == list(plan.steps.values_list(*same))
    assert current(cast, subject) != plan


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (typed(), "At least one step has to come before the deadline."),
        (typed({"moment": "minutes_after"}), "At least one step has to come before the deadline."),
        (typed({"amount": "101"}), "The deadline is at 100 %"),
        (typed({"amount": "soon"}), "Write a number"),
        (typed({"channels": []}), "Choose by which way a step tells."),
        (typed({"channels": ["pigeon"]}), "Choose one of the answers."),
        (typed({"whom": "nobody"}), "Choose one of the answers."),
        (typed({"wait_minutes": ""}), "Say how many minutes to wait"),
        (typed({"wait_minutes": "1"}), "A step waits five minutes to 30 days"),
        (typed({"amount": "9000", "moment": "hours_before"}), "Each step comes at a share of the time"),
        (typed({"amount": "NaN"}), "Write a number"),
        (typed({}, hold="1"), "“I have it” holds for 15 minutes to a week."),
        (typed({}, hold="99999999999"), "Write a whole number, up to 10,080."),
        (typed({}, hours="0"), "Say within how many hours, up to 60 days."),
        (typed({}, hours=""), "Write a whole number"),
        ({}, "Not saved yet"),
    ],
)
def test_what_does_not_fit_is_said_and_stays(cast, client, data, sentence):
    client.force_login(cast.lead.user)
    plan = current(cast)
    answer = client.post(path(plan), data)
    assert answer.status_code == 200
    assert sentence in page(answer)
    if data:
        assert f'value="{data["hold_minutes"]}"' in page(answer)
    assert current(cast) == plan


def test_a_plan_that_a_colleague_changed_meanwhile_is_not_overwritten(cast, client):
    client.force_login(cast.lead.user)
    plan = current(cast)
    assert client.post(path(plan), typed({})).status_code == 302
    answer = client.post(path(plan), typed({"amount": "40"}))
    assert "A colleague changed this plan meanwhile." in page(answer)
    assert 'value="40"' in page(answer)


def test_few_queries(cast, client, django_assert_max_num_queries):
    client.force_login(cast.lead.user)
    with django_assert_max_num_queries(8 + 4):  # and four of the test client, to step down to the role of the service
        client.get(HERE)

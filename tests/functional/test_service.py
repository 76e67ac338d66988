"""The lead at a desk and on a phone: settings, a colleague who begins, one who leaves with everything handed over."""

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from playwright.sync_api import expect

from network.models import Staff
from referrals.models import OnCall
from tests.factories import hours, make_case, make_cast, make_meeting, make_member, make_network

from .conftest import DESK, assert_accessible, shoot, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast():
    with transaction.atomic():  # a team is of two or more when it is there
        return make_cast()


def looked_at(page, name):
    """Nothing is wider than the screen, axe finds nothing, and a picture where one is wanted."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert_accessible(page)
    shoot(page, f"service-{name}")


def test_a_night_number_and_a_colleague_on_a_phone(cast, page_for):
    page = visit(page_for(cast.lead.user), "/board/")
    page.get_by_role("link", name="Service", exact=True).click()
    expect(page.get_by_role("link", name="Change what people read")).to_be_visible()
    looked_at(page, "service")
    page.get_by_role("link", name="Change what people read").click()
    page.get_by_label("Telephone at night").fill("soon")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("This is no number that can be called.")
    looked_at(page, "settings")
    page.get_by_label("Telephone at night").fill("016 555 0199")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    page.get_by_role("link", name="Add somebody").click()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("Write their work e-mail.")
    looked_at(page, "new-staff")
    page.get_by_label("Name").fill("Kerttu Niemelä")
    page.get_by_label("Work e-mail").fill("kerttu@example.org")
    page.get_by_label("clinician: meets people").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Kerttu Niemelä")).to_be_visible()
    looked_at(page, "colleague")
    page.get_by_role("link", name="Who works here").click()
    expect(page.get_by_text("Nobody has left so far.")).to_be_visible()
    looked_at(page, "staff")
    visit(page, "/service/changes/")
    expect(page.get_by_text("began to work here.").first).to_be_visible()
    looked_at(page, "changes")


def test_somebody_leaves_and_nothing_of_theirs_waits_alone(cast, page_for):
    network = make_network(cast.service)
    make_member(network, "Vilhelmiina Wolfeschlegelsteinhausen", is_person=True)
    case = make_case(network, cast.clinician1)
    with transaction.atomic():
        make_meeting(case, cast.clinician1, starts_at=timezone.now() + hours(20))
    for begin in (2, 26):
        period = DateTimeTZRange(timezone.now() + hours(begin), timezone.now() + hours(begin + 8))
        OnCall.objects.create(service=cast.service, role="clinician", staff=cast.clinician1, period=period)
    leena = visit(page_for(cast.clinician1.user), f"/cases/{case.uuid}/")
    page = visit(page_for(cast.lead.user), f"/service/staff/{cast.clinician1.uuid}/")
    page.get_by_role("link", name="End their work here").click()
    page.get_by_role("button", name="End their work here").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose who.")
    looked_at(page, "end")
    page.get_by_label("Who looks after their cases?").select_option(label="Aino (coordinator)")
    page.get_by_label("Who comes to the meetings").select_option(label="Sari (clinician)")
    page.get_by_role("button", name="End their work here").click()
    expect(page.get_by_role("status").filter(has_text="work here no more")).to_be_visible()
    looked_at(page, "ended")
    case.refresh_from_db()
    assert case.owner == cast.coordinator
    leena.reload()
    expect(leena.get_by_role("heading", level=1)).not_to_contain_text("Vilhelmiina")


def test_at_a_desk(cast, page_for):
    Staff.objects.filter(pk=cast.former.pk).update(left_at=timezone.now())
    page = page_for(cast.lead.user, size=DESK)
    for name, path in (
        ("service-desk", "/service/"),
        ("staff-desk", "/service/staff/"),
        ("settings-desk", "/service/settings/"),
    ):
        visit(page, path)
        looked_at(page, name)

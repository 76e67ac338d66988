"""In a browser: a team is chosen, a meeting booked, and a member answers on her phone."""

import re

import pytest
from django.db import transaction
from playwright.sync_api import expect

from tests.factories import make_case, make_cast, make_member, make_network

from .conftest import DESK, PHONE, assert_accessible, visit

pytestmark = pytest.mark.browser


def test_from_a_case_without_a_team_to_an_answer(page_for):
    # Given a case of this hour, and a mother whom the person wants there
    with transaction.atomic():
        cast = make_cast()
        network = make_network(cast.service)
        make_member(network, "Ilmari", is_person=True)
        mother = make_member(network, "Helmi", relation="his mother", circle="family")
        case = make_case(network, cast.coordinator, caller=mother)

    # When the coordinator chooses a team
    desk = visit(page_for(cast.coordinator.user, size=DESK), f"/cases/{case.uuid}/")
    assert_accessible(desk)
    desk.get_by_role("link", name="Choose a team").first.click()
    desk.wait_for_load_state("networkidle")
    desk.get_by_label("Leena, nurse").check()
    desk.get_by_role("button", name="This is the team").click()
    expect(desk.get_by_text("A team needs two clinicians or more.").first).to_be_visible()
    desk.wait_for_load_state("networkidle")
    assert_accessible(desk)
    desk.get_by_label("Sari, other").check()
    desk.get_by_role("button", name="This is the team").click()
    expect(desk.get_by_text("The team is chosen.")).to_be_visible()

    # and books the first time at which both are free
    desk.get_by_role("link", name="Book a meeting").first.click()
    desk.wait_for_load_state("networkidle")
    assert_accessible(desk)
    expect(desk.get_by_label("Helmi, his mother")).to_be_checked()
    desk.get_by_role("button", name="Book", exact=True).click()
    expect(desk.get_by_text("Booked. Everybody with an e-mail address is told once.")).to_be_visible()
    desk.wait_for_load_state("networkidle")
    assert_accessible(desk)
    address = re.sub(r"^https?://[^/]+", "", desk.url)

    # Then the mother sees when and who comes, and says yes
    phone = visit(page_for(mother.user, size=PHONE), address)
    expect(phone.get_by_text("You have not answered yet.")).to_be_visible()
    expect(phone.get_by_role("main")).to_contain_text("Leena")
    assert_accessible(phone)
    phone.get_by_role("link", name="Answer").click()
    phone.wait_for_load_state("networkidle")
    assert_accessible(phone)
    phone.get_by_label("Yes", exact=True).check()
    phone.get_by_role("button", name="Send my answer").click()
    expect(phone.get_by_text("You come.")).to_be_visible()

    # and it stands in the case
    visit(desk, f"/cases/{case.uuid}/")
    expect(desk.get_by_role("list").filter(has_text="First meeting").first).to_contain_text("Helmi comes")

"""The figures on a phone, at a desk and in the dark: each state can be read by everybody, and nothing is wider than the page."""

from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import expect

from meetings.models import Presence
from tests.factories import close, hours, make_meeting, make_member, say, start
from tests.meetings.held import Place

from .conftest import DESK, PHONE, assert_accessible, shoot, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def a_year(place):
    """Eight crises: most met in time, one late, one offline, one never; meetings after them; one decision without the person."""
    for n, after in enumerate((2, 5, 9, 21, 23, 33, 60)):
        heard = 24 * (16 + 10 * n)
        case = place.case(heard=heard)
        mother = make_member(case.network, "Mother", circle="family", account=False)
        first = place.now - hours(heard - after)
        for k, days in enumerate((0, 1, 5, 12)[: 1 + n % 4]):
            team = (place.a, place.c) if k == 2 else (place.a, place.b)
            there = [case.network.person, mother][: 1 + (n + k) % 2]
            meeting = make_meeting(
                case, *team, starts_at=first + timedelta(days=days, hours=2 if days else 0), invited=[mother],
                place=("home", "home", "other_home", "remote")[(n + k) % 4],
            )  # fmt: skip
            start(meeting, *there, *team, at=meeting.starts_at)
            if (n + k) % 3:
                say(meeting, "I saw two people.", kind="reflection", who=place.a, at=meeting.starts_at + hours(1))
                say(meeting, "We meet again.", kind="decision", at=meeting.starts_at + hours(1))
            close(meeting, at=meeting.starts_at + hours(1.2))
    place.fill(
        [[[place.a, place.b], [place.a, place.b], [place.a, place.c]], [[place.a, place.b]] * 4, [[place.c]] * 3]
    )
    offline = place.case(heard=24 * 9)
    meeting = make_meeting(offline, place.a, place.b, starts_at=place.now - hours(24 * 9 - 12))
    start(meeting, place.a, at=meeting.starts_at)
    Presence.objects.create(
        meeting=meeting, network=offline.network, service=place.service, member=offline.network.person, name="Person", offline=True,
        arrived_at=meeting.starts_at, recorded_at=meeting.starts_at + hours(20), recorded_by=place.a,
    )  # fmt: skip
    place.not_met(place.case(heard=200))
    place.not_met(place.case(heard=201), code="person_declined")
    place.case(heard=40)
    place.case(heard=3)
    place.exception(offline, days=8)


def test_the_figures_can_be_read_everywhere(page_for):
    with transaction.atomic():
        place = Place()
    for state in ("empty", "few", "full"):
        with transaction.atomic():
            if state == "few":
                place.held(place.case())
            elif state == "full":
                a_year(place)
        for scheme in ("light", "dark") if state == "full" else ("dark",):
            page = page_for(place.lead.user, color_scheme=scheme)
            visit(page, "/fidelity/")
            expect(page.get_by_role("heading", name="Fidelity", level=1)).to_be_visible()
            for size in (PHONE, DESK):
                page.set_viewport_size(size)
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
                assert_accessible(page)
                shoot(page, f"fidelity-{state}-{size['width']}-{scheme}")
    page.get_by_text("The numbers behind it").first.click()
    expect(page.get_by_role("cell", name="1", exact=True).first).to_be_visible()
    page.get_by_text("All figures as a table").click()
    assert_accessible(page)
    shoot(page, "fidelity-tables")
    page.get_by_role("link", name="Last 3 months").click()
    expect(page.get_by_role("link", name="Last 3 months")).to_have_attribute("aria-current", "true")
    page.emulate_media(media="print", color_scheme="light")
    shoot(page, "fidelity-print")

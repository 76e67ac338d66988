"""The journey that must always work, from the first call to the end, each role in a browser of its own."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from meetings.models import Meeting
from network import outbox
from network.models import Reading
from referrals.models import Case
from tests.conftest import role
from tests.factories import make_service, make_staff

from .conftest import DESK, PHONE, assert_accessible, shoot, visit
from .test_recording import tap

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = "She says the neighbours hear what she thinks, and she is so afraid of the night."


@pytest.fixture
def service(transactional_db):
    """A service with somebody on duty and three clinicians, and nothing else."""
    with transaction.atomic():
        service = make_service("Tornio team", "tornio")
        service.aino = make_staff(service, "Aino", "coordinator")
        service.leena = make_staff(service, "Leena", "clinician", profession="nurse", email="leena@example.org")
        service.mikko = make_staff(service, "Mikko", "clinician", profession="peer_worker", email="mikko@example.org")
        make_staff(service, "Sari", "clinician")
        service.on_duty = service.aino
        service.save()
    return service


def seen(page: Page, name: str) -> None:
    """Every step of the journey can be read by everybody."""
    assert_accessible(page)
    shoot(page, f"journey-{name}")


def post() -> list[str]:
    """What the sender sends now, as the role that sends."""
    before = len(mail.outbox)
    with role("od_clock"):
        outbox.send_due()
    return [message.to[0] for message in mail.outbox[before:]]


def sign_in_by_code(page: Page, address: str) -> None:
    """As a network member does: an address, and the code that comes to it."""
    visit(page, "/accounts/login/")
    page.get_by_label("Your e-mail address").first.fill(address)
    page.get_by_role("button", name="Send me a code").click()
    code = page.get_by_label("The code")
    expect(code).to_be_visible()
    outbox.send_due()
    code.fill(re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.outbox[-1].body).group())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)


def write(page: Page, kind: str, words: str, *, whose: str = "") -> None:
    page.locator(f"#kind-{kind}").check()
    if whose:
        page.locator(".whose").get_by_role("radio", name=whose).check()
    page.get_by_label("The words").fill(words)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#lines")).to_contain_text(words)


def all_sent(page: Page) -> None:
    expect(page.locator("#sent")).to_have_text("All at the service")


def open_record(page: Page, meeting: Meeting) -> None:
    """From the meeting's page to the record, started whatever the hour of the test."""
    visit(page, f"/meetings/{meeting.uuid}/")
    page.get_by_role("link", name=re.compile("record", re.I)).first.click()
    expect(page.get_by_role("heading", name="How would you like to use this meeting?")).to_be_visible()
    start = page.get_by_role("button", name="Start it now")
    if start.count():  # the first free time may be hours away
        start.click()
    expect(page.locator("#record")).to_have_attribute("data-ready", "yes")


def read_back_and_close(page: Page, names: list[str], *, next_time: str) -> None:
    page.get_by_role("link", name="Read back and close").click()
    for name in names:
        page.get_by_role("group", name=name).get_by_role("radio", name="agreed").check()
    seen(page, f"read-back-{next_time}")
    page.get_by_role("button", name="Keep, and go on to the close").click()
    expect(page.get_by_role("heading", name="Before you go")).to_be_visible()


def test_the_journey(service, page_for):
    # 1. Given a mother calls at night. When Aino types while listening,
    desk = page_for(service.aino.user, size=DESK)
    visit(desk, "/board/")
    seen(desk, "board-empty")
    desk.get_by_role("link", name="Take a call").first.click()
    expect(desk.get_by_role("heading", name="Take a call")).to_be_visible()
    desk.locator("#id_words").fill(WORDS)
    desk.locator("#id_caller_name").fill("Marja")
    desk.locator("#id_caller_relation").fill("her mother")
    desk.locator("#id_call_back").fill("marja@example.org")
    desk.locator("#id_person_name").fill("Elina")
    desk.locator("#id_named-0-name").fill("Jussi")
    desk.locator("#id_named-0-relation").fill("friend from work")
    desk.get_by_role("radio", name=re.compile("^yes, they know", re.I)).check()
    seen(desk, "call")
    desk.get_by_role("button", name="Save, and start the clock").click()

    # then the clock runs, and Aino has it.
    desk.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}/$"))
    case = Case.objects.get()
    timer = case.timers.get()
    assert (timer.outcome, timer.hours, case.owner) == ("running", 24, service.aino)
    seen(desk, "case-new")

    # 2. The board shows the case on top, with what is missing.
    visit(desk, "/board/")
    expect(desk.get_by_role("heading", level=2).first).to_have_text("Elina")
    expect(desk.locator("main")).to_contain_text("No team yet")
    expect(desk.locator("main")).to_contain_text(WORDS)
    seen(desk, "board")

    # Aino picks a team of two,
    visit(desk, f"/cases/{case.uuid}/team/")
    desk.get_by_role("checkbox", name=re.compile("^Leena")).check()
    desk.get_by_role("checkbox", name=re.compile("^Mikko")).check()
    seen(desk, "team")
    desk.get_by_role("button", name="This is the team").click()
    desk.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}/$"))

    # writes down how Elina is reached,
    visit(desk, f"/cases/{case.uuid}/members/{case.network.person.uuid}/")
    desk.get_by_label("E-mail").fill("elina@example.org")
    desk.get_by_label("Home address").fill("Rantakatu 4, second floor")
    seen(desk, "member")
    desk.get_by_role("button", name=re.compile("^(Save|Keep)")).first.click()
    desk.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}/$"))

    # and books a time before the clock ends, with Marja by Elina's word.
    desk.get_by_role("link", name=re.compile("^Book a meeting")).first.click()
    expect(desk.get_by_role("heading", name="Book a meeting")).to_be_visible()
    marja = desk.get_by_role("group", name="Marja", exact=True)
    marja.get_by_role("radio", name="Wants them there").check()
    marja.get_by_label("Where was this said, and to whom?").fill("Elina to Aino, on her mother’s phone")
    seen(desk, "book")
    desk.get_by_role("button", name="Book", exact=True).click()
    expect(desk.get_by_role("heading", name="Who is invited")).to_be_visible()
    seen(desk, "meeting")
    first = Meeting.objects.get()
    assert timer.first_heard_at < first.starts_at < timer.due_at
    assert first.address == "Rantakatu 4, second floor"

    # Word goes out, neutral, one to each: the two who are invited and the two who come,
    assert sorted(post()) == [f"{name}@example.org" for name in ("elina", "leena", "marja", "mikko")]
    assert not any(
        word in message.body + message.subject
        for message in mail.outbox
        for word in ("Elina", "Marja", "Tornio", "Rantakatu")
    )

    # and are answered from a phone, without a password.
    mother = page_for(size=PHONE)
    sign_in_by_code(mother, "marja@example.org")
    expect(mother.get_by_label("Your name")).to_be_visible()
    seen(mother, "name")
    mother.get_by_label("Your name").fill("Marja")
    mother.get_by_role("button", name="Go on").click()
    expect(mother.get_by_role("button", name="Yes, this is me")).to_be_visible()
    seen(mother, "join")
    mother.get_by_role("button", name="Yes, this is me").click()
    expect(mother.get_by_role("button", name="I will be there")).to_be_visible()
    expect(mother.locator("main")).not_to_contain_text(WORDS)
    seen(mother, "my-mother")
    mother.get_by_role("button", name="I will be there").click()
    expect(mother.locator("main")).to_contain_text("You come.")
    elina = page_for(size=PHONE)
    sign_in_by_code(elina, "elina@example.org")
    elina.get_by_label("Your name").fill("Elina")
    elina.get_by_role("button", name="Go on").click()
    elina.get_by_role("button", name="Yes, this is me").click()
    expect(elina.locator("main")).to_contain_text(WORDS)
    expect(elina.locator("main")).to_contain_text("Marja")
    seen(elina, "my-person-first")
    visit(desk, f"/meetings/{first.uuid}/")
    expect(desk.locator("main")).to_contain_text("comes")

    # 3. Leena and Mikko come to the house. Who is here: the clock stops now.
    phone = page_for(service.leena.user, size=PHONE)
    open_record(phone, first)
    tap(phone, "Leena")
    tap(phone, "Mikko")
    tap(phone, "Marja")
    all_sent(phone)
    timer.refresh_from_db()
    assert timer.outcome == "running"
    tap(phone, "Elina")
    all_sent(phone)
    timer.refresh_from_db()
    assert (timer.outcome, timer.recorded_offline) == ("met", False)
    seen(phone, "record-here")

    # 4. They write with everybody watching. There is no signal in the kitchen: nothing is lost, and it says so.
    write(phone, "use", "To sleep again.", whose="Elina")
    all_sent(phone)
    phone.context.set_offline(True)
    write(phone, "voice", "I whisper because I am afraid I say it wrong.", whose="Marja")
    expect(phone.locator("#sent")).to_contain_text("on this phone")
    seen(phone, "record-no-signal")
    phone.context.set_offline(False)
    all_sent(phone)
    other_phone = page_for(service.mikko.user, size=PHONE)
    open_record(other_phone, first)
    expect(other_phone.locator("#lines")).to_contain_text("I whisper because")
    write(other_phone, "reflection", "I thought of two people keeping watch.", whose="Mikko")
    all_sent(other_phone)
    expect(phone.locator("#lines")).to_contain_text("two people keeping watch")

    # 5. A decision: with Elina in the room it is kept. She walks out: decisions wait until she is back.
    write(phone, "decision", "We meet again tomorrow at five, here.")
    all_sent(phone)
    tap(phone, "Elina", into_the_room=False)
    expect(phone.locator("#decisions-wait")).to_contain_text("Decisions wait until Elina is back")
    expect(phone.locator("#kind-decision")).to_be_disabled()
    seen(phone, "record-she-is-out")
    tap(phone, "Elina")
    all_sent(phone)

    # 6. Read back, agreed, the next meeting set.
    read_back_and_close(phone, ["Elina", "Marja", "Leena", "Mikko"], next_time="again")
    phone.get_by_role("radio", name="A new time").check()
    phone.get_by_label("The new time").fill(f"{timezone.localdate() + timedelta(days=2):%Y-%m-%d}T17:00")
    seen(phone, "close")
    phone.get_by_role("button", name="Close the meeting").click()
    phone.wait_for_url(re.compile("/notes/"))
    seen(phone, "note-team")
    first.refresh_from_db()
    second = first.next_meeting
    assert (first.status, second.status) == ("closed", "booked")
    assert {one.staff for one in second.staffing.all()} == {service.leena, service.mikko}

    # The mother was there, and reads nothing yet.
    assert mother.request.get(f"/notes/{first.uuid}/").status == 404

    # The person chooses who may read it.
    visit(elina, "/my/readers/")
    elina.get_by_role("link", name=re.compile("Change what Marja may read")).click()
    elina.get_by_role("radio", name=re.compile("^everything")).check()
    seen(elina, "reader")
    elina.get_by_role("button", name="Keep this").click()
    expect(elina.get_by_role("heading", name="Is this what you want?")).to_be_visible()
    seen(elina, "reader-sure")
    elina.get_by_role("button", name="Yes, that is what I want").click()
    expect(elina.get_by_role("heading", name="Who may read")).to_be_visible()

    # The mother reads it, and adds a line.
    visit(mother, "/my/")
    mother.locator("a[href^='/notes/']").first.click()
    expect(mother.locator("main")).to_contain_text("two people keeping watch")
    seen(mother, "note-mother")
    mother.get_by_role("link", name="Add to the whole").click()
    mother.get_by_label("In your own words").fill("I slept, and she slept.")
    seen(mother, "note-add")
    mother.get_by_role("button", name="Put it beside the text").click()
    expect(mother.locator("main")).to_contain_text("I slept, and she slept.")

    # The person sees that she has read it, and what she added.
    visit(elina, "/my/")
    expect(elina.locator("main")).to_contain_text(re.compile("Marja.{0,40}read"))
    seen(elina, "my-person")
    visit(elina, f"/notes/{first.uuid}/")
    expect(elina.locator("main")).to_contain_text("I slept, and she slept.")
    visit(elina, "/my/readings/")
    seen(elina, "readings")
    assert Reading.objects.filter(reader_name="Marja", what="note").exists()
    # What staff see of the case is what she sees.
    visit(elina, f"/cases/{case.uuid}/")
    seen(elina, "case-person")
    visit(desk, f"/cases/{case.uuid}/")
    # but for the way by which staff take words out of sight that stand in the wrong case
    ways = desk.locator(".timeline").get_by_role("link", name=re.compile("^Wrong case"))
    assert ways.count() > 0
    ways.evaluate_all("links => links.forEach((link) => link.closest('p').remove())")
    assert elina.locator(".timeline").inner_text() == desk.locator(".timeline").inner_text()
    seen(desk, "case-met")

    # 7. The same two come next time, and all decide that no more meetings are needed.
    open_record(phone, second)
    for name in ("Elina", "Leena", "Mikko"):
        tap(phone, name)
    write(phone, "understanding", "We had all been afraid of the night.")
    write(phone, "decision", "We need no more meetings for now.")
    all_sent(phone)
    read_back_and_close(phone, ["Elina", "Leena", "Mikko"], next_time="none")
    phone.get_by_role("radio", name="No next meeting").check()
    phone.get_by_label("Who decided that there is no next meeting?").fill("Elina, and all of us")
    phone.get_by_role("button", name="Close the meeting").click()
    phone.wait_for_url(re.compile("/notes/"))
    visit(desk, f"/cases/{case.uuid}/close/")
    desk.get_by_label(re.compile("together", re.I)).first.check()
    desk.get_by_label("In which meeting?").select_option(index=1)
    desk.locator("#id_reason").fill("Elina and her family say that they can go on by themselves.")
    seen(desk, "close-case")
    desk.get_by_role("button", name="Close the case").click()
    desk.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}/$"))
    case.refresh_from_db()
    assert (case.closed_at is not None, case.closure.kind) == (True, "together")
    seen(desk, "case-closed")
    visit(desk, "/board/")
    expect(desk.locator("main")).not_to_contain_text("Elina")

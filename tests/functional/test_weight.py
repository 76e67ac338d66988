"""What a page weighs on its way to a telephone: everything the browser asks for, scripts and styles as production sends them (gzipped)."""

import gzip

import pytest
from django.db import transaction

from tests.factories import make_cast, say, start
from tests.functional.conftest import visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KIB = 1024
PACKED = {"script", "stylesheet"}  # WhiteNoise has these packed beforehand; a page itself is sent as it is


@pytest.fixture
def weigh(page_for):
    """`weigh(staff_or_member, address)`: bytes of the whole page, and of its scripts."""

    def loaded(who, address):
        page = page_for(who.user)
        answers = []
        page.on("response", lambda answer: answers.append(answer))
        visit(page, address)
        sizes = [(one.request.resource_type, _size(one)) for one in answers if one.status == 200]
        assert any(kind == "stylesheet" for kind, _ in sizes)
        return sum(size for _, size in sizes), sum(size for kind, size in sizes if kind == "script")

    return loaded


def _size(response):
    body = response.body()
    packed = response.request.resource_type in PACKED or response.url.endswith(".svg")
    return len(gzip.compress(body, 9)) if packed else len(body)


def test_a_page_of_the_family_weighs_little(weigh):
    with transaction.atomic():
        cast = make_cast()
    for who in (cast.person, cast.mother):
        for address in ("/my/", f"/notes/{cast.held.uuid}/"):
            whole, scripts = weigh(who, address)
            assert whole <= 60 * KIB, (address, who.name, whole)
            assert scripts <= 30 * KIB, (address, who.name, scripts)


def test_the_record_weighs_little(weigh):
    with transaction.atomic():
        cast = make_cast()
        start(cast.booked, cast.person, cast.clinician1)
        for n in range(12):
            say(
                cast.booked,
                f"{n} I would like to use this to sleep again, and not to be asked about it each morning.",
                who=cast.person,
            )
    whole, scripts = weigh(cast.clinician1, f"/meetings/{cast.booked.uuid}/record/")
    assert whole <= 120 * KIB, whole
    # The 30 KiB are the family's. Here scripts keep every word on the phone, within the 120 KiB of the whole page.
    assert scripts <= 34 * KIB, scripts

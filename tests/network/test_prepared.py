"""Queries put into words once: what one reader is given never depends on who asked before."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from network.models import Member, Service, Staff, User
from network.prepared import OneOf, Prepared
from referrals.models import Case
from tests.conftest import acting_as, role
from tests.factories import hours, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def counted(build):
    """`build`, and the readers that it was called with."""
    readers = []

    def built(reader, *fixed, **keys):
        readers.append(reader)
        return build(reader, *fixed, **keys)

    return Prepared(built), readers


def test_each_is_given_their_own_in_words_of_their_roles(cast):
    own, readers = counted(lambda reader: Staff.objects.filter(pk=reader.staff.pk, service=reader.staff.service_id))
    for _ in range(3):
        for staff in (cast.coordinator, cast.coordinator2, cast.clinician1, cast.clinician2, cast.lead):
            assert own(staff.user) == [staff]
    assert len(readers) == 3
    assert not {reader.pk for reader in readers} & set(User.objects.values_list("pk", flat=True))


def test_members_are_readers_without_a_role(cast):
    own, readers = counted(lambda reader: Member.objects.filter(user=reader))
    for one in (cast.person, cast.mother, cast.person):
        assert own(one.user) == [one]
    assert [reader.staff for reader in readers] == [None]


def test_row_security_holds_for_words_that_somebody_else_used(cast):
    found = Prepared(lambda reader, *, case: Case.objects.filter(uuid=case))
    with role("od_app"):
        for _ in range(8):  # often enough for a plan that is kept
            with acting_as(cast.coordinator.user.pk):
                assert found(cast.coordinator.user, case=cast.case.uuid) == [cast.case]
            with acting_as(cast.coordinator2.user.pk):
                assert found(cast.coordinator2.user, case=cast.case.uuid) == []


def test_keys_are_put_in_anew_each_time(cast):
    keyed = Prepared(
        lambda reader, *, case, numbers, now: Case.objects.filter(OneOf("pk", numbers), uuid=case, opened_at__lt=now)
    )
    later = timezone.now() + hours(1)
    ask = {"case": cast.case.uuid, "numbers": [cast.case.pk, cast.case2.pk], "now": later}
    user = cast.coordinator.user
    assert keyed(user, **ask) == [cast.case]
    assert keyed(user, **ask | {"case": uuid.uuid4()}) == []
    assert keyed(user, **ask | {"numbers": []}) == []
    assert keyed(user, **ask | {"numbers": [cast.case2.pk]}) == []
    assert keyed(user, **ask | {"now": later - hours(24 * 365)}) == []
    assert keyed(user, **ask) == [cast.case]


def test_what_is_fixed_has_words_of_its_own(cast):
    named, readers = counted(lambda reader, name: Member.objects.filter(name=name).order_by("pk"))
    assert [one.name for one in named(cast.lead.user, "Elina")] == ["Elina"]
    assert named(cast.lead.user, "100 % 'nobody'; --") == []
    assert len(readers) == 2


@pytest.mark.parametrize("constant", [timezone.now(), uuid.uuid4()], ids=["moment", "key"])
def test_a_moment_or_a_key_never_stays_in_the_words(cast, constant):
    field = "uuid" if isinstance(constant, uuid.UUID) else "opened_at"
    frozen = Prepared(lambda reader: Case.objects.filter(**{field: constant}))
    with pytest.raises(TypeError, match="for ever"):
        frozen(cast.lead.user)


def test_rows_and_objects_come_as_the_queryset_would_give_them(cast):
    objects = Prepared(lambda reader: Case.objects.filter(service=reader.staff.service_id).select_related("owner"))
    rows = Prepared(lambda reader: Service.objects.filter(pk=reader.staff.service_id).values("name", "pk"))
    [case] = objects(cast.lead.user)
    with CaptureQueriesContext(connection) as none:
        assert case.owner == cast.coordinator
    assert not none.captured_queries
    assert rows(cast.lead.user) == [{"name": cast.service.name, "pk": cast.service.pk}]


def test_it_can_do_without_prepared_statements(cast, settings):
    settings.PREPARE_STATEMENTS = False
    own = Prepared(lambda reader: Staff.objects.filter(pk=reader.staff.pk))
    assert [own(cast.lead.user) for _ in range(8)] == [[cast.lead]] * 8


def test_the_database_plans_it_once_and_django_hears_what_was_run(cast):
    own = Prepared(lambda reader: Staff.objects.filter(pk=reader.staff.pk))
    with acting_as(cast.lead.user.pk), CaptureQueriesContext(connection) as seen:
        assert [own(cast.lead.user) for _ in range(3)] == [[cast.lead]] * 3
    said = [one["sql"] for one in seen if "$1" in one["sql"]]
    assert len(said) == 3
    assert set(said) == {said[0]}
    with connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = %s", said[:1])
        assert cursor.fetchall() == [(3, 0)]

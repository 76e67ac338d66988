"""One transaction and one identity around each response."""

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import SimpleTemplateResponse
from django.urls import include, path
from django.utils import timezone

from network.models import User
from opendialogue.middleware import on_every_page
from tests.factories import make_member, make_network, make_service, make_staff, make_user


def asked_as(request=None):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.user_id', true), current_setting('app.door', true), current_user")
        return list(cursor.fetchone())


class Late:
    """Asks the database while the page is rendered, as a lazy queryset does."""

    def __str__(self):
        return asked_as()[0]


def write(status):
    def view(request):
        request.session["written"] = status
        request.session.save()
        if status == "exception":
            raise RuntimeError("a fault")
        return HttpResponse(status=status)

    return view


def out_of_reach(request):
    raise OperationalError("the server closed the connection")


urlpatterns = [
    path("who/", lambda request: HttpResponse(repr(asked_as()))),
    path("accounts/who/", lambda request: HttpResponse(repr(asked_as()))),
    path(
        "late/", lambda request: SimpleTemplateResponse(engines["django"].from_string("{{ late }}"), {"late": Late()})
    ),
    path("zone/", lambda request: HttpResponse(timezone.get_current_timezone_name())),
    path("staff/", lambda request: HttpResponse(str(request.staff))),
    path("stream/", lambda request: StreamingHttpResponse(iter(["a", "b"]))),
    path("ok/", write(200)),
    path("refused/", write(404)),
    path("failed/", write(503)),
    path("fault/", write("exception")),
    path("out-of-reach/", out_of_reach),
    path("accounts/", include("allauth.urls")),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def written():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        return cursor.fetchone()[0]


def test_view_is_asked_as_who_signed_in(client):
    user = make_user()
    client.force_login(user)
    assert client.get("/who/").content.decode() == repr([str(user.pk), "", "od_app"])


def test_late_template_is_asked_as_who_signed_in(client):
    user = make_user()
    client.force_login(user)
    assert client.get("/late/").content.decode() == str(user.pk)


def test_nobody_is_nobody(client):
    assert client.get("/who/").content.decode() == repr(["", "", "od_app"])


def test_door_is_open_for_accounts_only(client):
    assert client.get("/accounts/who/").content.decode() == repr(["", "accounts", "od_app"])


def test_identity_of_one_request_is_not_the_next_ones(client):
    client.force_login(make_user())
    client.get("/who/")
    client.cookies.clear()
    assert client.get("/who/").content.decode() == repr(["", "", "od_app"])


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "changed elsewhere"}])
def test_session_that_is_no_longer_good_is_nobodys(client, change):
    user = make_user()
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(**change)
    assert client.get("/who/").content.decode() == repr(["", "", "od_app"])


@pytest.mark.parametrize(("address", "kept"), [("/ok/", 1), ("/refused/", 1), ("/failed/", 0), ("/fault/", 0)])
def test_failed_response_leaves_nothing_behind(client, address, kept):
    client.raise_request_exception = False
    client.get(address)
    assert written() == kept


def test_stream_is_refused(client):
    with pytest.raises(TypeError, match="streamed"):
        client.get("/stream/")


def test_database_lost_in_a_view_is_said_plainly(client):
    response = client.get("/out-of-reach/")
    assert response.status_code == 503
    assert "Nothing was saved" in response.content.decode()


def test_nothing_is_kept_by_a_browser(client):
    assert client.get("/who/").headers["Cache-Control"] == "no-store, private"
    assert client.get("/nowhere/").headers["Cache-Control"] == "no-store, private"


def test_clock_of_the_service(client):
    helsinki, london = make_service(time_zone="Europe/Helsinki"), make_service(time_zone="Europe/London")
    network = make_network(london)
    client.force_login(make_staff(helsinki, "Aino", "clinician").user)
    assert client.get("/zone/").content.decode() == "Europe/Helsinki"
    client.force_login(make_member(network, "Ben", is_person=True).user)
    assert client.get("/zone/").content.decode() == "Europe/London"
    client.logout()
    assert client.get("/zone/").content.decode() == "UTC"


def test_staff_are_those_who_have_not_left(client):
    service = make_service()
    client.force_login(make_staff(service, "Aino", "clinician").user)
    assert client.get("/staff/").content.decode() == "Aino"
    client.force_login(make_staff(service, "Eero", "clinician", left_at=timezone.now()).user)
    assert client.get("/staff/").content.decode() == "None"


def test_knowing_who_asks_costs_three_queries(client, django_assert_num_queries):
    client.force_login(make_staff(make_service(), "Aino", "clinician").user)
    client.get("/staff/")
    with django_assert_num_queries(3 + 2 + 3):  # session, identity, account; savepoint; what the test's client asks
        client.get("/staff/")


class TestSecondFactor:
    @pytest.fixture(autouse=True)
    def _required(self, settings):
        settings.REQUIRE_SECOND_FACTOR = True

    def test_staff_without_go_no_further(self, client):
        client.force_login(make_staff(make_service(), "Aino", "clinician").user)
        response = client.get("/staff/")
        assert (response.status_code, response.headers["Location"]) == (302, "/accounts/2fa/")

    def test_staff_without_can_set_one_up_and_sign_out(self, client):
        client.force_login(make_staff(make_service(), "Aino", "clinician").user)
        for address in ("/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"):
            assert client.get(address).status_code == 200
        assert client.post("/accounts/logout/").status_code == 302

    def test_staff_with_one_pass(self, client):
        staff = make_staff(make_service(), "Aino", "clinician")
        staff.user.authenticator_set.create(type="totp", data={"secret": "x"})
        client.force_login(staff.user)
        assert client.get("/staff/").status_code == 200

    def test_recovery_codes_alone_are_none(self, client):
        staff = make_staff(make_service(), "Aino", "clinician")
        staff.user.authenticator_set.create(type="recovery_codes", data={})
        client.force_login(staff.user)
        assert client.get("/staff/").status_code == 302

    def test_changing_one_asks_for_proof_again(self, client):
        staff = make_staff(make_service(), "Aino", "clinician")
        staff.user.authenticator_set.create(type="totp", data={"secret": "x"})
        client.force_login(staff.user)
        assert "reauthenticate" in client.get("/accounts/2fa/webauthn/add/").headers["Location"]

    def test_members_need_none(self, client):
        client.force_login(make_member(make_network(make_service()), "Ben", is_person=True).user)
        assert client.get("/staff/").status_code == 200


def test_banner_says_that_it_is_off(settings, rf):
    settings.REQUIRE_SECOND_FACTOR = False
    assert on_every_page(rf.get("/"))["second_factor_off"] is True

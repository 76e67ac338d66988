"""Every view says for whom it is."""

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.http import HttpResponse
from django.urls import NoReverseMatch, include, path, reverse
from django.urls.resolvers import RegexPattern, URLResolver

from network.pages import public_page, signed_in_page, staff_page
from tests.guards.routes import NOT_OURS, routes, unclassified


def planted(request):
    return HttpResponse("everybody's case")


def resolver(*patterns):
    return URLResolver(RegexPattern(r"^/"), SimpleNamespace(urlpatterns=list(patterns)))


def test_every_view_is_classified():
    assert unclassified(routes()) == []


def test_there_is_no_admin():
    """Django's own would show and change people's records past every action, and leave no reading behind."""
    assert not apps.is_installed("django.contrib.admin")
    assert not apps.is_installed("django.contrib.admindocs")
    assert [route.pattern for route in routes() if route.view.__module__.startswith("django.contrib.admin")] == []
    with pytest.raises(NoReverseMatch):
        reverse("admin:index")


def test_every_address_has_a_name():
    """One name may stand for an address with and without a part, and for nothing else."""
    names = [(route.name, route.parameters) for route in routes() if route.ours]
    assert all(name for name, _ in names)
    assert len(names) == len(set(names))


def test_the_exceptions_exist_and_have_reasons():
    patterns = [route.pattern for route in routes()]
    for prefix, reason in NOT_OURS.items():
        assert reason
        assert prefix == "local/mail/" or any(p.startswith(prefix) for p in patterns)


def test_a_view_nobody_classified_fails():
    marks = {"a/": public_page, "b/": signed_in_page, "c/": staff_page}
    marked = [path(name, mark(lambda request: planted(request))) for name, mark in marks.items()]
    assert unclassified(routes(resolver(*marked))) == []
    assert unclassified(routes(resolver(path("planted/<uuid:uuid>/", planted), *marked))) == ["planted/<uuid:uuid>/"]
    nested = resolver(path("cases/", include([path("<uuid:uuid>/", planted)])))
    assert unclassified(routes(nested)) == ["cases/<uuid:uuid>/"]


def test_a_look_alike_of_an_exception_is_not_one():
    assert unclassified(routes(resolver(path("case/accounts/", planted)))) == ["case/accounts/"]

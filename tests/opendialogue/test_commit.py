"""What is saved when a response leaves, and what when the database is gone: with real commits."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import path


def committed(key):
    """What somebody else sees."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session WHERE session_key = %s", [key])
        found = cursor.fetchone()[0]
    other.close()
    return found


def save(request):
    request.session["word"] = "kept"
    request.session.save()
    return HttpResponse(f"{request.session.session_key} {committed(request.session.session_key)}")


urlpatterns = [path("save/", save)]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


def test_commit_comes_before_the_page_leaves(client):
    key, while_rendering = client.get("/save/").content.decode().split()
    assert while_rendering == "0"
    assert committed(key) == 1


def test_database_out_of_reach_is_said_plainly(monkeypatch):
    port = connection.settings_dict["PORT"]
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    response = Client().get("/save/")  # not the fixture: to set its role it needs the database
    monkeypatch.setitem(connection.settings_dict, "PORT", port)
    assert response.status_code == 503
    assert "Nothing was saved" in response.content.decode()

"""Addresses of network."""

from django.urls import path

from network import views

urlpatterns = [
    path("channels/", views.channels, name="channels"),
    path("channels/<uuid:channel>/try/", views.try_channel, name="try_channel"),
    path("channels/<uuid:channel>/put-away/", views.put_away, name="put_away_channel"),
]

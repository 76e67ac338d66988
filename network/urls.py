"""Addresses of network."""

from django.urls import path

from network import views

urlpatterns = [
    path("channels/", views.channels, name="channels"),
    path("channels/browser/", views.set_browser, name="set_browser"),
    path("channels/browser/renewed/", views.renew_browser, name="renew_browser"),
    path("channels/<uuid:channel>/try/", views.try_channel, name="try_channel"),
    path("channels/<uuid:channel>/put-away/", views.put_away, name="put_away_channel"),
    path("sw.js", views.service_worker, name="service_worker"),
    path("without-signal/", views.without_signal, name="without_signal"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
]

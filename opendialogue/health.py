"""Answers for those who watch the service. No names, no numbers of cases."""

import logging
import urllib.request

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from referrals import watchman

log = logging.getLogger(__name__)
PATIENCE = "5s"  # a database that does not answer is out of reach


@require_safe
def process(request):
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def service(request):
    """Whether the service can do its work: records, broker, and the clock that watches over every deadline."""
    found = findings()
    return JsonResponse(found, status=200 if set(found.values()) == {"ok"} else 503)


def findings():
    """What is looked at, and what was found: "ok", or a word that says what is wrong."""
    return {"database": _database(), "broker": _broker(), "clock": _clock()}


def _database():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "out of reach"
    return "ok"


def _broker():
    if settings.REDIS_URL.startswith("memory:"):
        return "ok"
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except redis.RedisError:
        return "out of reach"
    return "ok"


def _clock():
    try:
        return ", ".join(dict.fromkeys(trouble.code for trouble in _troubles())) or "ok"
    except DatabaseError:
        return "unknown"


def clock():
    """All that is wrong with the clock, a line each, for the shell of whoever runs the service."""
    try:
        return [str(trouble) for trouble in _troubles()]
    except DatabaseError as error:
        return [f"the database does not answer ({type(error).__name__})"]


def ping():
    """Call the address outside, while all is well. It raises the alarm when it hears nothing, whatever the reason."""
    if not settings.DEADMAN_URL or set(findings().values()) != {"ok"}:
        return
    try:
        urllib.request.urlopen(settings.DEADMAN_URL, timeout=10).close()  # noqa: S310  set by the operator
    except OSError as error:
        log.warning("The dead man's address does not answer: %s", type(error).__name__)


def _troubles():
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [PATIENCE])
        return watchman.troubles()

"""All settings, in one file, from the environment. docs/operating.md has the table of the variables."""

import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def required(name, meaning):
    """The value of a variable without which nothing may start."""
    if value := os.environ.get(name):
        return value
    raise ImproperlyConfigured(
        f"{name} is not set. It is {meaning}. docs/operating.md lists every variable; "
        "`make run` sets them all for a try on your own machine."
    )


def flag(name, default):
    """A variable that says yes or no. Anything else stops the start: a slip never switches a guard off."""
    value = os.environ.get(name, "").strip().lower()
    if value not in {"", "1", "true", "yes", "0", "false", "no"}:
        raise ImproperlyConfigured(f"{name} is “{value}”; it takes 1 or 0.")
    return default if value == "" else value in {"1", "true", "yes"}


def database(url):
    """Django's form of a PostgreSQL address."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL has to begin with postgresql:// – nothing else has row security.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, "application_name": "opendialogue"},
    }


SECRET_KEY = required("SECRET_KEY", "a long random text that signs sessions")
DEBUG = flag("DEBUG", default=False)
LOCAL = DEBUG  # pages that must not exist anywhere but on a developer's own machine
SITE_URL = required("SITE_URL", "the address people type, such as https://example.org").rstrip("/")
ALLOWED_HOSTS = [urlsplit(SITE_URL).hostname, "localhost", "127.0.0.1"]  # the machine asks itself /healthz
CSRF_TRUSTED_ORIGINS = [SITE_URL]

DATABASES = {
    "default": database(required("DATABASE_URL", "the PostgreSQL address of this process, with the role it runs as"))
}
# The largest reads are planned once a connection (network/prepared.py), and nothing else: with no threshold at all psycopg would
# not even prepare what it is asked to. A pooler that cannot keep track of that wants it off.
PREPARE_STATEMENTS = flag("PREPARE_STATEMENTS", default=True)
if PREPARE_STATEMENTS:
    DATABASES["default"]["OPTIONS"]["prepare_threshold"] = sys.maxsize
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# "memory://" keeps broker and cache inside the process: for tests and commands, never for a service.
REDIS_URL = required("REDIS_URL", "the address of Valkey or Redis")
CACHES: dict[str, dict[str, object]]
if REDIS_URL == "memory://":
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
else:
    CACHES = {
        "default": {
            "BACKEND": "opendialogue.cache.StubbornCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
        }
    }

INSTALLED_APPS = [
    "opendialogue.apps.OpenDialogueConfig",  # first, to hear of a sign-in before contrib.auth
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "django_htmx",
    "network",
    "referrals",
    "meetings",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "opendialogue.middleware.WholeResponseTransaction",
    "opendialogue.middleware.NoStore",
    "opendialogue.sessions.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "opendialogue.middleware.Identity",
    "opendialogue.limits.SaysEnded",
    "opendialogue.limits.SessionLimits",
    "opendialogue.security_log.SecurityLog",
    "opendialogue.middleware.SecondFactor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "opendialogue.middleware.WrongWay",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

# Answered without a word to the database.
WITHOUT_DATABASE = ("/healthz", "/readyz", "/sw.js", "/without-signal/", "/manifest.webmanifest", "/static/")

ROOT_URLCONF = "opendialogue.urls"
MESSAGE_STORAGE = (
    "django.contrib.messages.storage.session.SessionStorage"  # names nobody, and still no cookie carries it
)
WSGI_APPLICATION = "opendialogue.wsgi.application"
ASGI_APPLICATION = "opendialogue.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "opendialogue.middleware.on_every_page",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = ["forms"]
CRISPY_TEMPLATE_PACK = "forms"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
_STATIC = (
    "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "opendialogue.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is uploaded, nothing lies on disk
    "staticfiles": {"BACKEND": _STATIC},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

# Accounts: by e-mail alone, no sign-up. A code by e-mail for network members, a second factor for staff.
AUTH_USER_MODEL = "network.User"
AUTHENTICATION_BACKENDS = ["opendialogue.accounts.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "opendialogue.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "change_password": "opendialogue.passwords.ChangePassword",
    "set_password": "opendialogue.passwords.FirstPassword",
    "reset_password_from_key": "opendialogue.passwords.NewPassword",
}
# Limits slow down whoever guesses, and shut nobody out: they count an address together with where it is tried from, and none stands
# before a passkey or a code that was received. A clinic shares one address of the network.
ACCOUNT_RATE_LIMITS = {
    "login": "",
    "login_failed": "60/m/ip,5/5m/key",
    "request_login_code": "60/m/ip,3/m/key",
    "note": "20/m/ip",
}
MFA_RATE_LIMITS = {"webauthn_login": ""}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address is proved by the code or invitation sent to it
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""  # a subject names no place and no reason
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Sign-in"  # shown on the phone of whoever uses it: neutral
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
USERSESSIONS_ADAPTER = "opendialogue.accounts.SessionsAdapter"
REQUIRE_SECOND_FACTOR = flag("REQUIRE_SECOND_FACTOR", default=True)

SESSION_ENGINE = "opendialogue.sessions"
# How long somebody stays signed in: without doing anything, and at the longest (opendialogue/limits.py). Seconds.
SESSION_STAFF_IDLE = 60 * int(os.environ.get("SESSION_STAFF_IDLE_MINUTES", "15"))
SESSION_STAFF_LONGEST = 60 * 60 * int(os.environ.get("SESSION_STAFF_HOURS", "12"))
SESSION_RECORD = 60 * 60 * int(os.environ.get("SESSION_RECORD_HOURS", "12"))
SESSION_MEMBER_IDLE = 60 * 60 * int(os.environ.get("SESSION_MEMBER_IDLE_HOURS", "24"))
SESSION_MEMBER_LONGEST = 24 * 60 * 60 * int(os.environ.get("SESSION_MEMBER_DAYS", "7"))
SESSION_COOKIE_AGE = SESSION_MEMBER_LONGEST  # of the cookie alone; what ends a session is counted here
SESSION_COOKIE_NAME = "session" if DEBUG else "__Host-session"
CSRF_COOKIE_NAME = "token" if DEBUG else "__Host-token"
DEVICE_COOKIE_NAME = (
    "device" if DEBUG else "__Host-device"
)  # which browser this is, for notifications (network/device.py)
ENDED_COOKIE_NAME = (
    "ended" if DEBUG else "__Host-ended"
)  # nobody of staff is signed in in this browser any more; a script reads it (opendialogue/limits.py)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_HTTPONLY = True  # every page has the token in its form
CSRF_FAILURE_VIEW = "network.pages.token_too_old"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

LEAVE_QUICKLY_URL = os.environ.get("LEAVE_QUICKLY_URL", "https://www.wikipedia.org/")

# HTTPS: a proxy in front ends TLS and sets X-Forwarded-Proto and X-Forwarded-For.
TRUST_PROXY = flag("TRUST_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if TRUST_PROXY else 0  # whose tries at sign-in are counted
SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by the machine itself, in plain HTTP
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 60 * 60
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # HSTS for hosts beside ours is not ours to promise
SECURE_REFERRER_POLICY = "same-origin"  # "no-referrer" would make browsers send "Origin: null", which CSRF refuses
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PERMISSIONS_POLICY = ", ".join(
    [
        *(f"{what}=()" for what in ("camera", "microphone", "geolocation", "display-capture", "payment", "usb", "serial", "bluetooth",
                                    "hid", "midi", "accelerometer", "gyroscope", "magnetometer", "fullscreen", "browsing-topics")),
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
    ]
)  # fmt: skip
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Mail. The sender is neutral: it names neither the service nor its work.
if DEBUG:
    EMAIL_BACKEND = "opendialogue.local.mail.EmailBackend"
MAIL_DIR = Path(os.environ.get("MAIL_DIR") or BASE_DIR / "var" / "mail")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT") or 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10  # for each answer; network/outbox.py reckons with it
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "messages@localhost")
EMAIL_SUBJECT_PREFIX = ""

# Text messages and notifications to staff. What is not set up is not offered; on a developer's machine texts lie beside the mail.
SMS_GATEWAY_URL = os.environ.get("SMS_GATEWAY_URL", "")
SMS_GATEWAY_TOKEN = os.environ.get("SMS_GATEWAY_TOKEN", "")
SMS_GATEWAY_ACCEPTED = os.environ.get("SMS_GATEWAY_ACCEPTED", "")
VAPID_PRIVATE_KEY = os.environ.get("VAPID_PRIVATE_KEY", "")
PUSH_HOSTS = (  # of the browsers' makers: a subscription may name no other address
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
)

# Opens what browsers sealed while they had no signal: the first is sealed to, the others still open what waits on phones.
SEALING_KEYS = os.environ.get("SEALING_KEYS", "")

# Called while all is clean, and only then: whoever listens there raises the alarm when it falls silent.
DEADMAN_URL = os.environ.get("DEADMAN_URL", "")

# Celery only wakes sweeps. A wake-up nobody took before the next one is due is worth nothing: it expires.
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "socket_keepalive": True,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 5 * 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "opendialogue.celery.StubbornScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
SWEEPS = {  # task: seconds between two
    "referrals.tasks.sweep": 1,
    "network.tasks.send_messages": 2,
    "opendialogue.tasks.ping_deadman": 30,
}
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}} for task, seconds in SWEEPS.items()
}

# Five megabytes of text, three letters for each byte on the way: a page answers with a sentence and gives the text back.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

# Logs name places in the code, never what people wrote (opendialogue/logs.py).
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"discreet": {"()": "opendialogue.logs.DiscreetFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "discreet"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "security": {"level": "INFO"},  # opendialogue/security_log.py
    },
}

"""The ASGI entry point."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opendialogue.settings")
application = get_asgi_application()

from .checks import refuse_unguarded  # noqa: E402  needs the settings

refuse_unguarded()

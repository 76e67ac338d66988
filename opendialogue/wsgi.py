"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opendialogue.settings")
application = get_wsgi_application()

from .checks import refuse_unguarded  # noqa: E402  needs the settings

refuse_unguarded()

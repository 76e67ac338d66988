"""Static files under names that change with their contents."""

from functools import cache
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

# Django's own setting for this would follow imports in everybody's scripts, and stops at one in django_htmx.
IMPORTS = (r"""(?P<matched>from "(?P<url>\./[\w-]+\.js)")""", 'from "%(url)s"')


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also where one of our scripts imports another: after an upgrade no new page runs an old part.

    Addresses are worked out once a process: a page names a dozen, always the same ones.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", (IMPORTS,)))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = cache(super().url)

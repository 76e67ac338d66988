"""Mail that stays on this machine: each message a file, to be read at /local/mail/."""

import email
import email.policy
import itertools
import time
from pathlib import Path

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

_number = itertools.count()


class EmailBackend(BaseEmailBackend):
    """Writes each message to a file of its own."""

    def send_messages(self, email_messages):
        folder = Path(settings.MAIL_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            path = folder / f"{time.time_ns()}-{next(_number)}.eml"
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(message.message().as_bytes())
            unfinished.rename(path)
        return len(email_messages)


def newest(count):
    """The last messages, parsed, the newest first."""
    paths = sorted(Path(settings.MAIL_DIR).glob("*.eml"), reverse=True)[:count]
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]

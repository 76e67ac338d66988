"""What Celery wakes. Each task is one line: what is due stands in the database."""

from celery import shared_task

from network import outbox


@shared_task
def send_messages() -> None:
    """Send what is due in the outbox."""
    outbox.send_due()

"""What Celery wakes. Each task is one line: what is due stands in the database."""

from celery import shared_task

from referrals import sweeping


@shared_task
def sweep() -> None:
    """Fire what is due, and wake the sender."""
    sweeping.sweep_and_wake()

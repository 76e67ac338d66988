"""What Celery wakes for the installation as a whole."""

from celery import shared_task

from opendialogue import health


@shared_task
def ping_deadman() -> None:
    """Tell whoever listens outside that all is well, while it is."""
    health.ping()

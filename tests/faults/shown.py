"""What the delivery trail says of a message."""

from referrals.models import WatchStep
from referrals.trail import Delivery, trail
from tests.conftest import acting_as, role


def delivery(message) -> Delivery:
    """The message as its own receiver finds it on the trail."""
    watch = WatchStep.objects.get(pk=message.step).watch
    receiver = message.staff.user_id
    with role("od_app"), acting_as(receiver):
        (found,) = [one for step in trail(watch).steps for one in step.deliveries if one.channel == message.channel]
    return found

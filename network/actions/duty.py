"""Who is on duty in a service."""

from network.models import Service, Staff, User
from network.permissions import NETWORK, require
from network.rules import one_write


def put_on_duty(*, service: Service, staff: Staff, by: User) -> Service:
    """From now on `staff` takes what nobody has taken. What still waits with the one before passes to them."""
    require(NETWORK, "duty.change", by, service)
    with one_write("changed who is on duty") as written:
        Service.objects.filter(pk=service.pk).update(on_duty=staff)
        service.on_duty = staff
        written.thing = service
    return service

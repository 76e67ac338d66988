"""Who knocks at the public page: never an address, only what cannot be turned back into one."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac


def sender_of(request: HttpRequest) -> str:
    """A keyed hash of the client's address: od.take_referral counts by it, nobody can read it."""
    return salted_hmac("referrals.sender", _address(request), algorithm="sha256").hexdigest()


def _address(request: HttpRequest) -> str:
    """Behind the proxy that ends TLS its own entry in X-Forwarded-For counts, which is the last one."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        address = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip() or address
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    # A household has a whole /64 of the new addresses.
    return str(ip_network(f"{parsed}/64", strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)

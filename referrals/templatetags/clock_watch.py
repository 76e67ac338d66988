"""What stands on top of every page of the staff."""

from typing import Any

from django import template

from referrals.watchman import sentences, troubles

register = template.Library()


@register.inclusion_tag("referrals/clock_trouble.html")
def clock_trouble() -> dict[str, Any]:
    """What is wrong with the clock of their service, asked with one query; nothing when nothing is."""
    return {"sentences": sentences(troubles())}

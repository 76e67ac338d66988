"""When something in a room happened, as the device that noted it says."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

LONGEST_AWAY = timedelta(days=14)  # a device clock without a measured offset that says last month is wrong
LARGEST_OFFSET = 2**31 - 1  # milliseconds that fit the column, some 24 days


@dataclass(frozen=True)
class When:
    """When something happened: by the device's clock, with its last measured distance from the service's; as typed; or now."""

    device_at: datetime | None = None
    offset_ms: int | None = None
    offline: bool = False
    typed_at: datetime | None = None

    def claimed(self) -> datetime:
        """By the service's clock, as far as the device knows."""
        now = timezone.now()
        if not self.device_at:
            return self.typed_at or now
        try:
            at = self.device_at - timedelta(milliseconds=self.offset_ms or 0)
        except OverflowError:
            return now
        return at if now - at < LONGEST_AWAY else now

    def moment(self) -> datetime:
        """The same, never later than now."""
        return min(self.claimed(), timezone.now())

    def kept_offset(self) -> int | None:
        """The offset as it is kept beside, if it fits."""
        fits = self.offset_ms is not None and abs(self.offset_ms) <= LARGEST_OFFSET
        return self.offset_ms if fits else None


NOW = When()

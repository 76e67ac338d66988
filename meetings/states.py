"""What may follow what. The database keeps the same in od.meeting_goes_on and od.line_changes; docs/states.md is written from here."""

MEETING: dict[str, frozenset[str]] = {
    "booked": frozenset({"booked", "started", "cancelled"}),
    "started": frozenset({"started", "closed"}),
    "closed": frozenset(),
    "cancelled": frozenset({"started"}),
}

DECISION: dict[str, frozenset[str]] = {
    "accepted": frozenset(),
    "to_be_confirmed": frozenset({"confirmed"}),
    "confirmed": frozenset(),
    "refused": frozenset(),
}

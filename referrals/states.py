"""What may follow what. The database keeps the same in the triggers of referrals; docs/states.md is written from here."""

TIMER: dict[str, frozenset[str]] = {
    "running": frozenset({"met", "replied", "not_met"}),
    "met": frozenset({"running"}),  # a presence tapped by mistake was corrected
    "replied": frozenset(),
    "not_met": frozenset(),
}

CASE: dict[str, frozenset[str]] = {"open": frozenset({"closed"}), "closed": frozenset()}

"""The only code that writes meetings, by subject."""

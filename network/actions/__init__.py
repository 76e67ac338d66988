"""The only code that writes what belongs to network. One file a subject."""

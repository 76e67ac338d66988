"""`make kitchen`: meetings recorded in real browsers while everything is cut, killed and run out, counted against what was said."""

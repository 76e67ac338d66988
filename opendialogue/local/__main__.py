"""`python -m opendialogue.local run` starts everything a try needs; `reset` throws its data away."""

import sys

from . import places, run

COMMANDS = {"run": run.run, "reset": run.reset}

try:
    sys.exit(COMMANDS[sys.argv[1]]())
except places.LocalError as error:
    sys.exit(f"\n{error}")

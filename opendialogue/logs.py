"""Logs that say where something went wrong and never what people wrote.

The message of an exception may quote a row, a name or an address: a unique constraint does. Its type and the places in
the code are enough to find the fault.
"""

import logging
import time
import traceback


class DiscreetFormatter(logging.Formatter):
    """Leaves out the message of every exception, and keeps each record on lines of its own making."""

    converter = staticmethod(time.gmtime)  # one time for all machines, and none that comes twice in a night

    def __init__(self):
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ")

    def formatMessage(self, record):  # noqa: N802  logging's name
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")

    def formatException(self, ei):  # noqa: N802  logging's name
        lines = []
        exception = ei[1]
        while exception is not None:
            places = traceback.extract_tb(exception.__traceback__)
            lines += [f"  {place.filename}:{place.lineno} in {place.name}" for place in places]
            lines.append(f"{type(exception).__module__}.{type(exception).__qualname__}")
            exception = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)
        return "\n".join(lines)

"""What falls due while everything is killed, and what people type meanwhile."""

import http.client
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

import psycopg

FIRST_STEP = timedelta(hours=12)  # half of the 24 hours of an urgent call
PLAN = [
    {"share": 0.5, "whom": "lead", "channels": ["email"], "wait_minutes": 240},
    {"minutes": -45, "whom": "coordinator_on_duty", "channels": ["email"], "wait_minutes": 60},
]


class Due(NamedTuple):
    """One step that has to reach these addresses, reckoned here and not read from the database."""

    case: str
    at: float
    to: tuple[str, ...]


class Clocks:
    """Calls taken by the one way in, heard so long ago that their first step falls due in the run."""

    def __init__(self, url, known, dice):
        self.known, self.dice = known, dice
        self.due = []
        self.connection = psycopg.connect(url, autocommit=True)
        self._plan_for_two()

    def start(self, number, begin, end):
        """`number` clocks whose first step is due between two moments, each at one of its own."""
        for first in range(0, number, 500):
            with self.connection.transaction():
                for _ in range(min(500, number - first)):
                    self._one(self.dice.uniform(begin, end))

    def _one(self, at):
        """Three of four tell the owner of the case; one tells two leads at once."""
        if self.dice.random() < 0.75:
            user, to = self.dice.choice(self.known["owners"])
            self._as(user)
            to = (to,)
        else:
            self._as(self.known["caller"])
            to = tuple(email for _, email in self.known["leads"])
        heard = datetime.fromtimestamp(at, UTC) - FIRST_STEP
        call = {
            "uuid": str(uuid4()), "first_heard_at": heard.isoformat(), "person_name": f"Somebody {uuid4().hex[:12]}", "told": "yes",
            "call_back": "unknown", "words": "Something happens.", "urgency": "urgent", "channel": "phone",
        }  # fmt: skip
        (case,) = self.connection.execute("SELECT od.take_referral(%s, false)", [json.dumps(call)]).fetchone()
        self.due.append(Due(str(case), at, to))

    def _plan_for_two(self):
        """A plan made by a lead, whose first step goes to both."""
        self._as(self.known["leads"][0][0])
        self.connection.execute(
            "SELECT od.make_plan(%s, 'first_meeting_urgent', NULL, 120, %s)",
            [self.known["service_with_leads"], json.dumps(PLAN)],
        )

    def _as(self, user):
        self.connection.execute("SELECT set_config('app.user_id', %s, false)", [str(user)])


class Caller(threading.Thread):
    """Somebody who types calls into the page, and sends each again until the service says that it has it."""

    def __init__(self, port, known, options, seconds):
        super().__init__(daemon=True)
        self.port, self.known, self.number, self.patience = port, known, options.calls, options.patience
        self.pause = seconds / max(1, options.calls)
        self.acknowledged, self.given_up = [], []
        self.posts = self.failed = 0
        self.enough = threading.Event()

    def run(self):
        for _ in range(self.number):
            token = str(uuid4())
            end = time.monotonic() + self.patience
            while not self._post(token):
                self.failed += 1
                if time.monotonic() > end:
                    self.given_up.append(token)
                    break
                time.sleep(0.3)
            else:
                self.acknowledged.append(token)
            if self.enough.wait(self.pause):
                return

    def _post(self, token):
        """Whether the answer came, and said that it is saved."""
        self.posts += 1
        secret = "x" * 32
        form = {
            "uuid": token, "person_name": f"Caller {token}", "call_back": "unknown", "words": "Something happens.", "told": "yes",
            "named-TOTAL_FORMS": "0", "named-INITIAL_FORMS": "0", "csrfmiddlewaretoken": secret,
        }  # fmt: skip
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"{self.known['session']}; {self.known['csrf']}={secret}",
        }
        answer = self._ask("POST", "/referrals/new/", urlencode(form), headers)
        if answer is None or answer.status != 302 or "/cases/" not in answer.headers["Location"]:
            return False
        self._ask("GET", answer.headers["Location"], None, headers)  # as a browser would; what it says is read and gone
        return True

    def _ask(self, *request):
        """The answer, or None when there was none, or only a part of it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(*request)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return answer

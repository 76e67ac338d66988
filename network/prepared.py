"""The reads of the pages that are opened most: put into words once a process, planned by the database once a connection.

Django builds a query anew for each request and PostgreSQL plans it anew; for a page read with one large query both cost more than its
rows. What `Prepared` is given builds its queryset for a stand-in of the reader, which has the reader's roles and, for keys, marks. So
the words follow from roles alone, and nothing of one reader can stay in what another is given: each run puts the keys in.
"""

import copy
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import BigIntegerField, BooleanField, F, Func, Value
from psycopg.sql import Literal
from psycopg.types.datetime import TimestamptzLoader

from network.identity import Eyes
from network.models import Staff, User

FIRST = -(2**62)  # of the marks: no key is one
READER = {"user": FIRST, "staff": FIRST + 1, "service": FIRST + 2, "member": FIRST + 3}
ROLES = ("is_coordinator", "is_clinician", "is_lead")


class Prepared:
    """Wraps `build(reader, *fixed, **keys)`, which returns a queryset. Called with a user, `fixed` and keys it gives what that holds.

    What is `fixed` becomes part of the words, so it takes few values; `keys` are moments, numbers, UUIDs, texts or lists of numbers.
    """

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._worded: dict[Any, _Worded] = {}

    def __call__(self, user: Any, *fixed: Any, **keys: Any) -> list[Any]:
        staff = user.staff
        roles = tuple(getattr(staff, role) for role in ROLES) if staff else "eyes" if isinstance(user, Eyes) else None
        worded = self._worded.get((roles, fixed))
        if worded is None:
            marks = {name: _mark(value, place) for place, (name, value) in enumerate(keys.items(), len(READER))}
            worded = _Worded(self._build(_stand_in(roles), *fixed, **marks), READER | marks)
            self._worded[roles, fixed] = worded
        known = {"user": user.pk, "staff": staff and staff.pk, "service": staff and staff.service_id}
        return worded.run(known | {"member": getattr(user, "member_id", None)} | keys)


def asked(sql: str, params: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """The rows of a statement that this connection prepares, and the names of their columns."""
    connection.ensure_connection()
    native: Any = connection  # PostgreSQL's own wrapper
    with native._prepare_cursor(_Cursor(native.connection)) as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall(), [column.name for column in cursor.description]


def row_of(model: type[Any], sql: str, *params: Any) -> Any:
    """The one row that a function of the database gives, as a `model` with what else there is beside; None if it gives none."""
    rows, names = asked(sql, params)
    if not rows:
        return None
    [row] = [dict(zip(names, one, strict=True)) for one in rows]
    fields = [field for field in model._meta.concrete_fields if field.column in row]
    found = model.from_db(None, [field.attname for field in fields], [row.pop(field.column) for field in fields])
    found.__dict__ |= row
    return found


class OneOf(Func):
    """A field is one of a list of numbers, which may be a mark: the words are the same for any length."""

    template, arg_joiner = "%(expressions)s)", " = ANY ("
    output_field = BooleanField()

    def __init__(self, field: str, keys: Any) -> None:
        super().__init__(F(field), Value(keys, ArrayField(BigIntegerField())))


class _Worded:
    """A queryset as words with a place for each mark; everything else in it stands in the words, where an index can be found for it."""

    def __init__(self, queryset: Any, marks: dict[str, Any]) -> None:
        self._queryset = queryset
        self._compiler = queryset.query.get_compiler(queryset.db)
        sql, params = self._compiler.as_sql()
        self._places: list[tuple[str, type]] = []
        names = {_key(mark): name for name, mark in marks.items()}
        given = iter(params)

        def written(place: re.Match[str]) -> str:
            if place[0] == "%%":
                return "%%"
            value = next(given)
            if name := names.get(_key(value)):
                self._places.append((name, type(value)))
                return "%s"
            if isinstance(value, date | UUID):
                raise TypeError("A moment or a key that is no mark would stay in the words for ever.")
            return Literal(value).as_string(connection.connection).replace("%", "%%")

        self._sql = re.sub("%%|%s", written, sql)

    def run(self, values: dict[str, Any]) -> list[Any]:
        """The objects or rows that the queryset stands for, with these in the places of the marks."""
        params = [kind(values[name]) if issubclass(kind, int) else values[name] for name, kind in self._places]
        compiler = copy.copy(self._compiler)
        compiler.connection = connection
        compiler.execute_sql = lambda *args, **kwargs: [self._rows(params)]
        asked = SimpleNamespace(
            query=_Compiled(compiler),
            db=self._queryset.db,
            model=self._queryset.model,
            _fields=self._queryset._fields,
            _known_related_objects={},
        )
        return list(self._queryset._iterable_class(asked))

    def _rows(self, params: Sequence[Any]) -> list[Any]:
        return asked(self._sql, params)[0]


class _Compiled:
    """Stands where Django's iterables look for a query to compile."""

    def __init__(self, compiler: Any) -> None:
        self._compiler = compiler

    def get_compiler(self, *args: Any, **kwargs: Any) -> Any:
        return self._compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiler.query, name)


class _Cursor(ServerBindingCursor):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In C; what Django puts in its place reads each moment in Python.
        self.adapters.register_loader("timestamptz", TimestamptzLoader)  # type: ignore[attr-defined]

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> Any:
        return super().execute(query, params, prepare=settings.PREPARE_STATEMENTS)  # type: ignore[misc]

    def _send_query_prepared(self, name: Any, pgq: Any, **kwargs: Any) -> None:
        self._query = pgq  # Django asks for it to tell what was run; psycopg keeps it for what is not prepared only
        super()._send_query_prepared(name, pgq, **kwargs)  # type: ignore[misc]


def _stand_in(roles: Any) -> User | Eyes:
    if roles == "eyes":
        return Eyes(READER["member"])
    user = User(pk=READER["user"])
    user.staff = None
    if roles:
        user.staff = Staff(
            pk=READER["staff"], user=user, service_id=READER["service"], **dict(zip(ROLES, roles, strict=True))
        )
    return user


def _mark(value: Any, place: int) -> Any:
    """Something of the same kind that stands for it, and that nothing real is equal to."""
    if isinstance(value, datetime):
        return datetime.min.replace(tzinfo=UTC) + timedelta(seconds=place)
    if isinstance(value, UUID):
        return UUID(int=place)
    if isinstance(value, str):
        return f"\N{OBJECT REPLACEMENT CHARACTER}{place}"
    return [FIRST + place] if isinstance(value, list) else FIRST + place


def _key(value: Any) -> Any:
    return (
        tuple(value) if isinstance(value, list) else value if isinstance(value, int | UUID | datetime | str) else None
    )

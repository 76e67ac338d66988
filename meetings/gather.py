"""Small lists read along with a row, in its own query: a page with thirty members asks no more than one with three."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import QuerySet
from django.db.models.functions import JSONObject


def gathered(rows: QuerySet[Any], *fields: str, most: int | None = None, **named: Any) -> ArraySubquery:
    """The `rows` as a list beside each row of the outer query; row security holds for them as for any query."""
    found = rows.values(row=JSONObject(**{field: field for field in fields}, **named))
    return ArraySubquery(found[:most] if most else found)


def unfold(rows: list[dict[str, Any]] | None) -> list[SimpleNamespace]:
    """What `gathered` brought, as objects; what ends in `_at` is a time."""
    return [
        SimpleNamespace(**{key: _moment(value) if key.endswith("_at") else value for key, value in row.items()})
        for row in rows or []
    ]


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None

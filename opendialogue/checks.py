"""What has to be true of the database before this process may serve anybody."""

from django.core.checks import Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from network.sealing import public_key

# Tables without row security, each with the reason why that gives nobody away.
OPEN_TABLES = {
    "django_migrations": "names of migrations, nobody's data",
    "django_content_type": "names of models, nobody's data",
    "django_session": "found only by an unguessable key, by the sign-in itself; what it holds names nobody",
    "account_emailconfirmation": "unused: confirmations are signed, not stored",
    "auth_group": "unused, always empty",
    "auth_group_permissions": "unused, always empty",
    "auth_permission": "names of permissions, nobody's data",
}

ROLE = """
    SELECT current_user, rolsuper, rolbypassrls,
           EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'MEMBER'))
    FROM pg_roles WHERE rolname = current_user
"""
UNGUARDED = """
    SELECT c.relname, c.relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname <> ALL (%s)
      AND NOT (c.relrowsecurity AND (
        EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
        -- Closed altogether: only functions of the owner come here.
        OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname IN ('od_app', 'od_clock')
                       AND has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE'))))
    ORDER BY c.relname
"""


def role_faults(connection):
    """Why this connection's role would see past row security."""
    with connection.cursor() as cursor:
        cursor.execute(ROLE)
        role, superuser, bypasses, owns = cursor.fetchone()
    reasons = {
        "is a superuser": superuser,
        "passes by row security (BYPASSRLS)": bypasses,
        "owns tables, or may become their owner": owns,
    }
    return [
        Error(
            f"The database role {role} {reason}: row security would not hold for it.",
            hint="Connect web and worker with the roles od_app and od_clock (docs/operating.md, Database roles).",
            id="opendialogue.E001",
        )
        for reason, holds in reasons.items()
        if holds
    ]


def table_faults(connection):
    """Tables that row security does not guard, though nobody has said why not."""
    with connection.cursor() as cursor:
        cursor.execute(UNGUARDED, [list(OPEN_TABLES)])
        return [
            Error(
                f"The table {table} has {'no policy' if secured else 'no row security'}.",
                hint="Write its policies in a migration, or name it with a reason in OPEN_TABLES.",
                id="opendialogue.E002",
            )
            for table, secured in cursor.fetchall()
        ]


# A deployment check: migrate runs all others first, and could never repair what it refuses.
@register(Tags.database, deploy=True)
def guarded_tables(app_configs, databases=None, **kwargs):
    """`manage.py check --deploy --database default` asks this at any time."""
    return [fault for alias in databases or [] for fault in table_faults(connections[alias])]


@register()
def sealing_keys(app_configs, **kwargs):
    """A slip in a key would show only when a record is opened."""
    try:
        public_key()
    except ValueError:
        return [
            Error(
                "SEALING_KEYS holds something that is not a key.",
                hint="Make one: manage.py new_sealing_key",
                id="opendialogue.E003",
            )
        ]
    return []


def refuse_unguarded():
    """Stop a process that serves people if the database would not hold it to its rules."""
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        faults = role_faults(connection) + table_faults(connection)
    except OperationalError:
        return  # out of reach: pages say so themselves, and the next start asks again
    finally:
        connection.close()
    if faults:
        hints = dict.fromkeys(fault.hint for fault in faults)
        raise ImproperlyConfigured("\n".join([*(fault.msg for fault in faults), *hints]))

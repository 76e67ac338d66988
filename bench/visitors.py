"""Signs in a person with a meeting behind and a clinician in a meeting that goes on. One line each: page, address, cookie."""

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402

from network.identity import set_identity  # noqa: E402
from tests.factories import make_cast, start  # noqa: E402


def main():
    with transaction.atomic(), connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(
            no_style(), apps.get_models()
        ):  # what is there was filled with numbers of its own
            cursor.execute(sql)
        cast = make_cast()
        start(cast.booked, cast.person, cast.clinician1)
        for page, address, who in (
            ("family", "/my/", cast.person), ("record", f"/meetings/{cast.booked.uuid}/record/", cast.clinician1),
        ):  # fmt: skip
            client = Client()
            client.force_login(who.user)
            set_identity(None)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            print(page, address, cookie.key, cookie.value)


if __name__ == "__main__":
    main()

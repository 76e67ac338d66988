"""The sender finds what is next by an index in the very order in which it asks, whatever else waits and however much was sent. What goes
served no query (service, network, receiver and channel of a message; the second index of the key, which is compared as a whole or by
range), and every message had to be written into it. Nobody is locked out meanwhile.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

UNUSED = (
    "network_message_service_id_918da023",
    "network_message_network_id_6b14bbaa",
    "network_message_staff_id_051dabdb",
    "network_message_staff_channel_id_4a352b8c",
    "network_message_dedupe_key_05957c9d_like",
)


def unindexed(field, to, **more):
    more = {"on_delete": django.db.models.deletion.PROTECT, "related_name": "+", "db_index": False, "to": to} | more
    return migrations.AlterField(model_name="message", name=field, field=models.ForeignKey(**more))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("network", "0011_channel_rules")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}") for name in UNUSED],
            state_operations=[
                unindexed("service", "network.service"),
                unindexed("network", "network.network", null=True),
                unindexed("staff", "network.staff", null=True, blank=True),
                unindexed("staff_channel", "network.staffchannel", null=True, blank=True, related_name="messages"),
            ],
        ),
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                models.F("attempts"), models.F("due_at"), models.F("id"), models.F("channel"),
                condition=models.Q(("cancelled_at", None), ("sent_at", None)), name="message_next",
            ),
        ),
    ]  # fmt: skip

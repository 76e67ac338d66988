"""Each row that the sweep writes is written into every index of its table, and that was half of its time. Those that go served no query:
service, plan and holder of a watch, service and network of a step are never looked up by, and (watch, round, position) begins with the
watch. Without locking anybody out; each statement may be run again after one that failed.
"""

import django.db.models.deletion
from django.db import migrations, models

UNUSED = (
    "referrals_watch_service_id_d37a68e9",
    "referrals_watch_plan_id_a1cb4ecd",
    "referrals_watch_held_by_id_c28ce97b",
    "referrals_watchstep_service_id_30f249f9",
    "referrals_watchstep_network_id_44005104",
    "referrals_watchstep_watch_id_a41d6711",
)


def unindexed(model, field, to, **more):
    more = {"on_delete": django.db.models.deletion.PROTECT, "related_name": "+", "db_index": False, "to": to} | more
    return migrations.AlterField(model_name=model, name=field, field=models.ForeignKey(**more))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("referrals", "0013_sweep")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}") for name in UNUSED],
            state_operations=[
                unindexed("watch", "service", "network.service"),
                unindexed("watch", "plan", "referrals.escalationplan", help_text="As it was when this began"),
                unindexed(
                    "watch",
                    "held_by",
                    "network.staff",
                    blank=True,
                    null=True,
                    help_text="Who has it, until a next step asks anew",
                ),
                unindexed("watchstep", "service", "network.service"),
                unindexed("watchstep", "network", "network.network"),
                unindexed("watchstep", "watch", "referrals.watch", related_name="steps"),
            ],
        )
    ]

"""Somebody's log is found by its network, what somebody read by the reader, and all of a service by the time: each in the order in which it
is shown, so that a page of a million readings is as quick as one of a hundred. The single indexes of the keys say nothing besides.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def unindexed(field, to, **more):
    more = {"on_delete": django.db.models.deletion.PROTECT, "related_name": "+", "db_index": False, "to": to} | more
    return migrations.AlterField(model_name="reading", name=field, field=models.ForeignKey(**more))


def ordered(field):
    index = models.Index(fields=[field, "-at", "-id"], name=f"reading_{field}_at")
    return AddIndexConcurrently(model_name="reading", index=index)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("network", "0018_inquiry")]
    operations = [
        ordered("service"),
        ordered("reader"),
        unindexed("service", "network.service"),
        unindexed("network", "network.network", related_name="readings"),
        unindexed("reader", "network.user"),
    ]

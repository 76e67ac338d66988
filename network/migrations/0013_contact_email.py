"""Whoever signs in is looked for among the addresses that were written down (od.waiting_memberships): by an index, not in all of them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("network", "0012_outbox_indexes")]
    operations = [AddIndexConcurrently("membercontact", models.Index(fields=["email"], name="contact_email"))]

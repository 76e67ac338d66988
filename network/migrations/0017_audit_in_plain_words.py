"""The audit log holds no text of people's: what was done stands in words that name nobody, small letters only. Rows that are there fit."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("network", "0016_a_new_password")]
    operations = [
        AddConstraintNotValid(
            "auditentry",
            models.CheckConstraint(
                condition=models.Q(("thing__regex", "^[a-z]*$"), ("verb__regex", "^[a-z][a-z ,:'’]{2,}$")),
                name="audit_in_plain_words",
            ),
        ),
        ValidateConstraint("auditentry", "audit_in_plain_words"),
    ]

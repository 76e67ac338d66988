from pathlib import Path

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0028_all_words_out_of_sight.sql"
WORDS = {
    "line": "meetings.line",
    "addendum": "meetings.addendum",
    "read_back": "meetings.readback",
    "exception": "meetings.decidedwithout",
    "brought": "meetings.tobring",
    "referral": "referrals.referral",
    "contact": "referrals.contact",
}


def one_of(names):
    found = models.Q()
    for chosen in names:
        found |= models.Q(**{f"{name}__isnull": name != chosen for name in names})
    return found


class Migration(migrations.Migration):
    dependencies = [("meetings", "0027_brought_into_the_room"), ("referrals", "0019_out_of_sight")]
    operations = [
        *(
            migrations.AddField(
                model_name=name,
                name="out_of_sight_at",
                field=models.DateTimeField(
                    blank=True, help_text="Filled in by the database: see OutOfSight", null=True
                ),
            )
            for name in ("readback", "decidedwithout", "tobring")
        ),
        *(
            migrations.AddField(
                model_name="outofsight",
                name=name,
                field=models.ForeignKey(
                    blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model
                ),
            )
            for name, model in WORDS.items()
            if name not in ("line", "addendum")
        ),
        migrations.AddField(
            model_name="outofsight",
            name="case",
            field=models.ForeignKey(
                help_text="In which they stand; filled in by the database",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="referrals.case",
            ),
        ),
        migrations.AlterField(
            model_name="outofsight",
            name="meeting",
            field=models.ForeignKey(
                blank=True,
                help_text="In which they stand, if in one; filled in by the database",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="out_of_sight",
                to="meetings.meeting",
            ),
        ),
        migrations.RemoveConstraint(model_name="outofsight", name="out_of_sight_one_thing"),
        migrations.AddConstraint(
            model_name="outofsight",
            constraint=models.CheckConstraint(condition=one_of(WORDS), name="out_of_sight_one_thing"),
        ),
        migrations.RemoveConstraint(model_name="readback", name="differs_in_own_words"),
        # Every row fits it that fitted the narrower one; 0029 looks through them while the table is in use.
        AddConstraintNotValid(
            model_name="readback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", "differs"), _negated=True),
                    ("words__regex", "\\S"),
                    ("out_of_sight_at__isnull", False),
                    _connector="OR",
                ),
                name="differs_in_own_words",
            ),
        ),
        migrations.CreateModel(
            name="SetAside",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.JSONField()),
                *(
                    (
                        name,
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to=f"network.{name}"
                        ),
                    )
                    for name in ("network", "service")
                ),
                (
                    "asked",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="meetings.outofsight"
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(SQL.read_text()),
    ]

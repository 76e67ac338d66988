from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("referrals", "0018_leaving")]
    operations = [
        migrations.AddField(
            model_name=name,
            name="out_of_sight_at",
            field=models.DateTimeField(
                blank=True, help_text="Filled in by the database: see meetings.OutOfSight", null=True
            ),
        )
        for name in ("referral", "contact")
    ]

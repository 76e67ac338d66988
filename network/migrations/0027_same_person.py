import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("network", "0026_lead")]
    operations = [
        migrations.AddField(
            model_name="member",
            name="same_as",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Another phone had named them in a meeting: they are of the network by this row",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="network.member",
            ),
        ),
    ]

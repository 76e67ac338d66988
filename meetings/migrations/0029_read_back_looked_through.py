from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("meetings", "0028_all_words_out_of_sight")]
    operations = [ValidateConstraint(model_name="readback", name="differs_in_own_words")]

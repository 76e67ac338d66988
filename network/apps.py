from django import forms
from django.apps import AppConfig
from django.core import validators

CHOOSE = "This cannot be chosen, or not any more. Choose one of those shown."


class NetworkConfig(AppConfig):
    name = "network"
    verbose_name = "Network: who"

    def ready(self) -> None:
        """What Django says of itself to a form, in the words that the pages use."""
        kinds = (forms.ChoiceField, forms.MultipleChoiceField, forms.ModelChoiceField, forms.ModelMultipleChoiceField)
        for kind in kinds:
            for what in ("invalid_choice", "invalid_list", "invalid_pk_value"):
                kind.default_error_messages[what] = CHOOSE
        forms.IntegerField.default_error_messages["invalid"] = "Write a number."
        validators.MinValueValidator.message = "Write %(limit_value)s or more."
        validators.MaxValueValidator.message = "Write %(limit_value)s or less."

"""Passwords: asked for in our words, and a new one ends what goes to other devices, as it ends being signed in there."""

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm, SetPasswordForm
from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.functional import lazy
from django.utils.html import format_html

from network import device
from network.actions.channels import end_other_browsers
from network.models import User

LABELS = {"oldpassword": "Your password now", "password1": "A new password", "password2": "The same once more"}
HINT = "At least eight letters, digits or signs. Three words that have nothing to do with each other are good, and easy to remember."
FORGOTTEN = lazy(
    lambda: format_html('<a href="{}">I do not know it any more</a>', reverse_lazy("account_reset_password")), str
)
EMPTY = {
    "oldpassword": "Write your password.",
    "password1": "Write a new password.",
    "password2": "Write it once more.",
}
ERRORS = {
    "password_too_short": "Too short: take at least eight letters, digits or signs.",
    "password_too_common": "Many people use this one, so it is soon guessed. Take another.",
    "password_too_similar": "Too much like your address, so it is soon guessed. Take another.",
    "enter_current_password": "This is not your password. Type it again.",
}
NOT_THE_SAME = "This is not the same as above. Type both again."


class InOurWords(forms.Form):
    """Labels, hints and errors of a form that takes a new password."""

    user: User

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label, field.error_messages["required"] = LABELS[name], EMPTY[name]
            field.help_text = {"oldpassword": FORGOTTEN(), "password1": HINT}.get(name, "")
            field.widget.attrs.pop("placeholder", None)

    def add_error(self, field, error):
        if isinstance(error, ValidationError):
            error = [ERRORS.get(one.code or "", one) for one in error.error_list]
        elif field == "password2":
            error = NOT_THE_SAME
        super().add_error(field, error)

    def save(self):
        super().save()  # type: ignore[misc]  # of the form of allauth's that it is mixed into
        end_other_browsers(of=self.user, here=device.channel_of(context.request))


class ChangePassword(InOurWords, ChangePasswordForm):
    """By somebody who knows the old one."""


class FirstPassword(InOurWords, SetPasswordForm):
    """By somebody who has signed in with codes so far."""


class NewPassword(InOurWords, ResetPasswordKeyForm):
    """By somebody who has the link to forget the old one."""

"""Pages for local use. Their addresses do not exist anywhere else."""

from datetime import UTC

from django.shortcuts import render
from django.views.decorators.http import require_GET

from . import mail


@require_GET
def mailbox(request):
    """What this machine would have sent, the newest first."""
    messages = [
        {
            "to": message["To"],
            "subject": message["Subject"],
            "date": message["Date"].datetime.replace(tzinfo=UTC),  # in which Django writes it
            "text": message.get_body(("plain", "html")).get_content(),
        }
        for message in mail.newest(50)
    ]
    return render(request, "local/mail.html", {"mails": messages})

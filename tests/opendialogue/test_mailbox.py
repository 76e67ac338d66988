import pytest
from django.core.mail import EmailMessage

from opendialogue.local import mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.MAIL_DIR = tmp_path / "mail"


def test_mail_is_read_newest_first_and_as_text(client):
    backend = mail.EmailBackend()
    for word in ("first", "second <b>bold</b>"):
        backend.send_messages([EmailMessage(f"Subject {word}", f"Body {word}", "from@example.org", ["to@example.org"])])
    page = client.get("/local/mail/").content.decode()
    assert page.index("Subject second") < page.index("Subject first")
    assert "Body second &lt;b&gt;bold&lt;/b&gt;" in page


def test_empty_box_says_so(client):
    assert "Nothing yet" in client.get("/local/mail/").content.decode()

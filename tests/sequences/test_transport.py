"""Which servers may be spoken to, and to whom the installation itself writes (LAW PIP-17; spec X7, X8)."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import override_settings

from compliance import installation, vault
from compliance.models import DomainVerdict, Purpose, SendingDomain
from sequences.models import Mailbox
from sequences.smtp import Accepted, InsecureEndpoint
from sequences.transport import Session, Unreachable, mail_staff
from tests.cast import TUESDAY
from tests.factories import MailboxFactory, UserFactory, armed
from tests.sequences.campaign import message, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = pytest.mark.django_db

ELSEWHERE = "smtp.provider.example"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
LETTER = b"Subject: hello\r\n\r\nhello\r\n"


class TestWhatMayBeReached:
    @pytest.mark.parametrize("purpose", [None, Purpose.STAGING, Purpose.DEMO, Purpose.TEST])
    def test_only_production_speaks_to_another_machine(self, purpose: Purpose | None) -> None:
        if purpose:
            installation.mark(purpose, at=TUESDAY)
        with pytest.raises(Unreachable, match=ELSEWHERE):
            Session(MailboxFactory(host=ELSEWHERE, security=Mailbox.Security.TLS))

    def test_production_does(self) -> None:
        armed(Purpose.PRODUCTION)
        with Session(MailboxFactory(host=ELSEWHERE, security=Mailbox.Security.TLS)):
            pass

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "::1"])
    def test_this_machine_may_always_be_spoken_to(self, host: str) -> None:
        with Session(MailboxFactory(host=host)):
            pass

    @pytest.mark.parametrize("host", ["127.0.0.1.provider.example", "0.0.0.0", "10.0.0.1", "localhost.example"])  # noqa: S104
    def test_what_only_looks_like_it_may_not(self, host: str) -> None:
        with pytest.raises(Unreachable):
            Session(MailboxFactory(host=host, security=Mailbox.Security.TLS))

    def test_a_password_never_crosses_a_network_in_clear_text(self) -> None:
        armed(Purpose.PRODUCTION)
        with pytest.raises(InsecureEndpoint):
            Session(MailboxFactory(host=ELSEWHERE, username="rick", password="secret"))

    def test_messages_wait_where_their_server_may_not_be_reached(self) -> None:
        moments = dict.fromkeys(("checked_at", "decided_at", "created_at"), TUESDAY)
        SendingDomain.objects.create(domain="ours.example.com", verdict=DomainVerdict.PASSES, **moments)
        under_way(host=ELSEWHERE, security=Mailbox.Security.TLS)
        play()
        # By then the door lets the planner have it, and the transport does not.
        assert play(TUESDAY + timedelta(minutes=1)) == {"mailbox_unreachable": 1}
        assert message().state == "planned"


class TestASession:
    def test_the_stored_password_opens_the_door(self) -> None:
        with ScriptedServer(offers=["AUTH PLAIN"]) as server:
            mailbox = MailboxFactory(port=server.port, username="rick", password="s3cret words")
            with Session(mailbox) as session:
                outcome = session.deliver("ada@customer.example", LETTER, lambda: True)
        assert isinstance(outcome, Accepted)
        assert server.messages[0].sender == mailbox.address

    def test_a_password_sealed_with_a_lost_key_is_told_apart(self) -> None:
        with pytest.raises(vault.Unreadable):
            Session(MailboxFactory(username="rick", secret="sealed elsewhere"))


class TestMailToStaff:
    def test_active_staff_get_it(self) -> None:
        staff = UserFactory(role="cro")
        assert mail_staff("To do", "A list waits.", [staff.email]) == 1
        assert mail.outbox[0].to == [staff.email]

    def test_nobody_else_does(self) -> None:
        gone, outsider = UserFactory(is_active=False), UserFactory(is_staff=False)
        assert mail_staff("To do", "…", [gone.email, outsider.email, "ada@customer.example"]) == 0
        assert mail.outbox == []

    def test_each_gets_their_own(self) -> None:
        both = [UserFactory().email, UserFactory().email]
        mail_staff("To do", "…", [*both, both[0]])
        assert sorted(message.to for message in mail.outbox) == sorted([address] for address in both)

    def test_it_says_that_a_machine_wrote_it(self) -> None:
        mail_staff("To do", "…", [UserFactory().email])
        said = mail.outbox[0].message()
        assert (said["Auto-Submitted"], said["X-Auto-Response-Suppress"]) == ("auto-generated", "All")

    @override_settings(EMAIL_BACKEND=SMTP, EMAIL_HOST=ELSEWHERE)
    def test_outside_production_it_leaves_no_machine_either(self) -> None:
        installation.mark(Purpose.STAGING, at=TUESDAY)
        with pytest.raises(Unreachable):
            mail_staff("To do", "…", [UserFactory().email])

"""What lies in a mailbox comes in once, whatever happens to the line or the numbers in between (spec R1)."""

import itertools
import logging
import ssl
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError

from compliance import clock, heartbeats, stopping
from compliance.models import Heartbeat
from sequences.inbound import imap
from sequences.inbound.imap import fetch_round
from sequences.models import InboundMessage, Inbox, InboxFolder, Mailbox
from tests import dovecot
from tests.cast import TUESDAY
from tests.dovecot import PASSWORD, Dovecot
from tests.factories import MailboxFactory
from tests.faults.proxy import between

pytestmark = [pytest.mark.django_db]
_users = (f"rick-{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    """One Dovecot for all tests, of which each has a user of its own."""
    with dovecot.required() as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody_keeps_a_line() -> Iterator[None]:
    yield
    imap.hang_up()


@pytest.fixture
def user() -> str:
    return next(_users)


@pytest.fixture
def mailbox(server: Dovecot, user: str) -> Mailbox:
    """A mailbox whose answers are read at that server."""
    return MailboxFactory(
        imap_host="127.0.0.1", imap_port=server.imap, imap_security="plain", username=user, password=PASSWORD
    )


def mail(number: int = 1, size: int = 0) -> bytes:
    filling = (b"x" * 70 + b"\r\n") * (size // 72)
    return f"From: ada@customer.example\r\nSubject: Mail {number}\r\n\r\nMy words.\r\n".encode() + filling


def subjects() -> list[str]:
    """Of everything that came in, in its order."""
    found = InboundMessage.objects.order_by("pk")
    return [
        line.decode().removeprefix("Subject: ")
        for row in found
        for line in bytes(row.raw).splitlines()
        if line.startswith(b"Subject")
    ]


def inbox() -> Inbox:
    return Inbox.objects.get()


class TestWhatLiesThere:
    def test_it_comes_in_once(self, server: Dovecot, mailbox: Mailbox, user: str) -> None:
        for number in (1, 2, 3):
            server.deliver(mail(number), user)
        assert [fetch_round(TUESDAY)["mails"] for _round in range(3)] == [3, 0, 0]
        assert subjects() == ["Mail 1", "Mail 2", "Mail 3"]

    def test_what_came_later_follows_over_the_same_line(self, server: Dovecot, mailbox: Mailbox, user: str) -> None:
        fetch_round(TUESDAY)
        session = imap._kept[mailbox.pk]
        server.deliver(mail(), user)
        assert fetch_round(TUESDAY)["mails"] == 1
        assert imap._kept[mailbox.pk] is session

    def test_each_octet_is_kept(self, server: Dovecot, mailbox: Mailbox, user: str) -> None:
        odd = b"Subject: \xff\xfe\r\nMessage-ID: <>\r\n\r\n\x01\x80\r\n.\r\n"
        with server.owner(user) as owner:
            owner.append("INBOX", odd)
        fetch_round(TUESDAY)
        assert bytes(InboundMessage.objects.get().raw) == odd

    def test_nothing_changes_at_the_server(self, server: Dovecot, mailbox: Mailbox, user: str) -> None:
        server.deliver(mail(), user)
        fetch_round(TUESDAY)
        with server.owner(user) as owner:
            owner.select_folder("INBOX", readonly=True)
            assert owner.get_flags([1])[1] in ((), (rb"\Recent",))

    def test_several_folders_are_read(self, server: Dovecot, mailbox: Mailbox, user: str) -> None:
        with server.owner(user) as owner:
            owner.create_folder("Junk")
            owner.append("Junk", mail(2))
        server.deliver(mail(1), user)
        Mailbox.objects.update(imap_folders="INBOX, Junk")
        fetch_round(TUESDAY)
        assert subjects() == ["Mail 1", "Mail 2"]

    def test_what_is_older_than_a_month_at_the_first_look_stays_there(
        self, server: Dovecot, mailbox: Mailbox, user: str
    ) -> None:
        with server.owner(user) as owner:
            owner.append("INBOX", mail(1), msg_time=TUESDAY - timedelta(days=40))
            owner.append("INBOX", mail(2), msg_time=TUESDAY - timedelta(days=20))
        fetch_round(TUESDAY)
        assert subjects() == ["Mail 2"]

    def test_a_large_one_is_whole(self, server: Dovecot, mailbox: Mailbox, user: str) -> None:
        server.deliver(mail(size=30_000_000), user)
        server.deliver(mail(2), user)
        fetch_round(TUESDAY)
        assert subjects() == ["Mail 1", "Mail 2"]
        assert len(bytes(InboundMessage.objects.order_by("pk")[0].raw)) > 29_000_000

    def test_of_a_monster_the_beginning_is(
        self, server: Dovecot, mailbox: Mailbox, user: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sequences.inbound.imap_session.LARGEST", 1_000_000)
        server.deliver(mail(size=2_000_000), user)
        server.deliver(mail(2), user)
        fetch_round(TUESDAY)
        assert subjects() == ["Mail 1", "Mail 2"]
        assert len(bytes(InboundMessage.objects.order_by("pk")[0].raw)) == 256 * 1024


class TestWhatBreaks:
    @pytest.mark.parametrize("octets", [2_500, 60_000, 150_000])
    def test_a_line_that_breaks_in_the_middle_goes_on_where_it_was(
        self, server: Dovecot, mailbox: Mailbox, user: str, octets: int
    ) -> None:
        for number in range(6):
            server.deliver(mail(number, size=40_000), user)
        with between(server.imap) as proxy:
            Mailbox.objects.update(imap_port=proxy.port)
            proxy.break_off(octets)
            assert fetch_round(TUESDAY)["unreadable inboxes"] == 1
            Inbox.objects.update(failed_at=TUESDAY - timedelta(days=1))
            fetch_round(TUESDAY)
        assert subjects() == [f"Mail {number}" for number in range(6)]
        assert inbox().error == ""

    def test_numbers_that_begin_anew_lose_and_double_nothing(
        self, server: Dovecot, mailbox: Mailbox, user: str
    ) -> None:
        Mailbox.objects.update(imap_folders="Answers")
        with server.owner(user) as owner:
            owner.create_folder("Answers")
            for number in (1, 2, 3):
                owner.append("Answers", mail(number))
            fetch_round(TUESDAY)
            before = InboxFolder.objects.get().validity
            owner.delete_folder("Answers")
            owner.create_folder("Answers")
            for number in (3, 4):
                owner.append("Answers", mail(number))
            imap.hang_up()
            fetch_round(TUESDAY)
        assert subjects() == ["Mail 1", "Mail 2", "Mail 3", "Mail 4"]
        assert InboxFolder.objects.get().validity != before

    def test_a_database_that_goes_away_loses_nothing(
        self, server: Dovecot, mailbox: Mailbox, user: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.deliver(mail(), user)

        def away(*_args: object, **_told: object) -> None:
            raise OperationalError("gone")

        with monkeypatch.context() as patch:
            patch.setattr(imap, "take", away)
            with pytest.raises(OperationalError):
                fetch_round(TUESDAY)
        fetch_round(TUESDAY)
        assert subjects() == ["Mail 1"]

    def test_a_folder_that_is_not_there_is_told_and_the_others_are_read(
        self, server: Dovecot, mailbox: Mailbox, user: str
    ) -> None:
        server.deliver(mail(), user)
        Mailbox.objects.update(imap_folders="Nowhere, INBOX")
        fetch_round(TUESDAY)
        assert subjects() == ["Mail 1"]
        assert "Nowhere" in inbox().error

    def test_a_server_that_fails_is_left_alone_for_a_while(self, server: Dovecot, mailbox: Mailbox) -> None:
        Mailbox.objects.update(imap_port=1)
        assert fetch_round(TUESDAY)["unreadable inboxes"] == 1
        assert fetch_round(TUESDAY)["unreadable inboxes"] == 0

    def test_one_that_fails_does_not_keep_the_others_from_being_read(
        self, server: Dovecot, mailbox: Mailbox, user: str
    ) -> None:
        MailboxFactory(imap_host="127.0.0.1", imap_port=1, imap_security="plain")
        server.deliver(mail(), user)
        assert fetch_round(TUESDAY) == {"mails": 1, "unreadable inboxes": 1}

    def test_another_worker_has_it(self, server: Dovecot, mailbox: Mailbox, user: str) -> None:
        fetch_round(TUESDAY)
        server.deliver(mail(), user)
        Inbox.objects.update(leased_until=clock.lease_clock() + timedelta(minutes=1))
        assert fetch_round(TUESDAY)["mails"] == 0

    def test_a_worker_told_to_end_leaves_the_rest_to_the_next(
        self, server: Dovecot, mailbox: Mailbox, user: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in (1, 2):
            server.deliver(mail(number), user)
        with monkeypatch.context() as patch:
            patch.setattr(stopping, "asked", lambda: InboundMessage.objects.exists())
            assert fetch_round(TUESDAY)["mails"] == 1
        assert fetch_round(TUESDAY)["mails"] == 1


class TestSecrets:
    def test_a_wrong_password_is_told_without_it(
        self, server: Dovecot, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        wrong = MailboxFactory(password="t0p-s3cret")
        Mailbox.objects.filter(pk=mailbox.pk).update(secret=wrong.secret)
        with caplog.at_level(logging.DEBUG):
            fetch_round(TUESDAY)
        assert "LoginError" in inbox().error
        assert "t0p-s3cret" not in inbox().error + caplog.text

    def test_no_log_holds_the_password(
        self, server: Dovecot, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            fetch_round(TUESDAY)
        assert PASSWORD not in caplog.text

    def test_reading_may_have_a_login_of_its_own(self, server: Dovecot, mailbox: Mailbox, user: str) -> None:
        Mailbox.objects.update(imap_username=user, imap_secret=mailbox.secret, username="other", secret="")
        server.deliver(mail(), user)
        assert fetch_round(TUESDAY)["mails"] == 1


class TestEncryption:
    @pytest.fixture(params=["tls", "starttls"])
    def encrypted(self, server: Dovecot, mailbox: Mailbox, request: pytest.FixtureRequest) -> Mailbox:
        port = server.imaps if request.param == "tls" else server.imap
        Mailbox.objects.update(imap_security=request.param, imap_port=port)
        return Mailbox.objects.get()

    def test_a_server_that_proves_its_name_is_read(
        self, server: Dovecot, encrypted: Mailbox, user: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca))
        server.deliver(mail(), user)
        assert fetch_round(TUESDAY)["mails"] == 1

    def test_one_that_does_not_is_told_nothing(self, encrypted: Mailbox) -> None:
        fetch_round(TUESDAY)
        assert ssl.SSLCertVerificationError.__name__ in inbox().error

    def test_another_machine_is_not_read_in_the_clear(self, mailbox: Mailbox) -> None:
        Mailbox.objects.update(imap_host="imap.example.com")
        fetch_round(TUESDAY)
        assert "without encryption" in inbox().error

    def test_another_machine_is_not_read_by_a_copy_or_a_trial(self, mailbox: Mailbox) -> None:
        Mailbox.objects.update(imap_host="imap.example.com", imap_security="tls")
        fetch_round(TUESDAY)
        assert "armed production" in inbox().error


class TestSignsOfLife:
    def test_an_inbox_read_to_its_end_is_alive(self, server: Dovecot, mailbox: Mailbox) -> None:
        fetch_round(TUESDAY)
        assert mailbox.key in heartbeats.owed(Heartbeat.Kind.INBOX)
        assert inbox().read_at is not None

    def test_one_that_cannot_be_read_is_not(self, mailbox: Mailbox) -> None:
        Mailbox.objects.update(imap_port=1)
        fetch_round(TUESDAY)
        assert heartbeats.owed(Heartbeat.Kind.INBOX) == {}

    def test_nor_is_one_of_which_there_was_no_time_to_read_all(
        self, server: Dovecot, mailbox: Mailbox, user: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(imap, "_ROUND_SECONDS", 0.0001)
        for number in (1, 2):
            server.deliver(mail(number), user)
        counts = [fetch_round(TUESDAY)["mails"] for _round in range(2)]
        assert heartbeats.owed(Heartbeat.Kind.INBOX) == {}
        assert counts != [2, 0]

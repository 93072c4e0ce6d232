"""What a refusal means, by the words and codes that providers really use."""

from datetime import UTC, datetime, timedelta

import pytest

from sequences.dispositions import A_DAY, QUIET, Disposition, Effect, Phase, Rejected, Reply, read_reply, retry_at
from sequences.dispositions import disposition as judge

RECIPIENT_PHASES = [Phase.RCPT, Phase.DATA, Phase.DOT]
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def said(text: str, phase: Phase = Phase.RCPT) -> Disposition:
    """The disposition of one reply written as on the wire: `550 5.1.1 no such user`."""
    return judge(phase, read_reply(int(text[:3]), text[4:].encode()))


class TestThePerson:
    @pytest.mark.parametrize("phase", RECIPIENT_PHASES)
    @pytest.mark.parametrize(
        "text",
        [
            "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking",
            "550 5.1.1 <no.spam@customer.example>: Recipient address rejected: User unknown in virtual mailbox table",
            "553 5.1.2 We weren't able to find the recipient domain",
            "550 5.1.3 bad syntax",
            "550 5.1.6 recipient no longer on server",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)",
            "550 #5.1.1 user unknown",
            "550 <ada@customer.example>: User unknown",
            "550 No such user here",
            "550 5.7.1 <ada@customer.example>: Recipient address rejected: User unknown",
            "551 not our customer",
            "556 Domain does not accept mail",
        ],
    )
    def test_somebody_who_does_not_exist_is_suppressed(self, text: str, phase: Phase) -> None:
        assert said(text, phase) == Disposition(Effect.SUPPRESS_HARD, "no_such_person")

    def test_an_inactive_mailbox_is_suppressed(self) -> None:
        found = said("550 5.2.1 The email account that you tried to reach is inactive.")
        assert found == Disposition(Effect.SUPPRESS_HARD, "mailbox_disabled")

    @pytest.mark.parametrize(
        "text",
        [
            "550 5.7.1 The recipient has blocked you",
            "554 5.7.1 Message blocked by the recipient",
            "550 5.1.1 Refused due to recipient preferences",
            "550 5.7.105 recipient refuses mail from you",
            "550 This user has blocked this sender",
        ],
    )
    def test_a_personal_block_counts_as_an_opt_out(self, text: str) -> None:
        assert said(text) == Disposition(Effect.SUPPRESS_STOP, "blocked_by_recipient")

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("552 5.2.2 no room", "mailbox_full"),
            ("550 Mailbox full", "mailbox_full"),
            ("550 5.2.1 not accepting messages", "mailbox_disabled"),
            (
                "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents",
                "recipient_rate",
            ),
            ("550 5.4.4 unable to route", "unroutable"),
            ("550 5.4.6 routing loop", "unroutable"),
            ("550 5.4.7 expired", "unroutable"),
            ("550 Requested action not taken: mailbox unavailable", "mailbox_unavailable"),
            ("550 5.5.0 The recipient account is blocked.", "policy"),
            ("550 5.7.1 blocked by the recipient's organization", "policy"),
            ("550 5.1.1 Message rejected as spam", "policy"),
            ("550 5.7.0 no", "policy"),
            ("554 5.7.1 Client host rejected: blocked using zen.example", "policy"),
            ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "policy"),
            ("554 go away", "unknown_permanent"),
            ("550 5.9.9 what", "unknown_permanent"),
        ],
    )
    def test_what_says_nothing_about_the_person_only_ends_the_message(self, text: str, code: str) -> None:
        assert said(text, Phase.DOT) == Disposition(Effect.GIVE_UP, code)


class TestTheSender:
    @pytest.mark.parametrize("code", [500, 530, 534, 535, 550])
    def test_a_refused_login_stops_the_mailbox(self, code: int) -> None:
        assert judge(Phase.AUTH, Reply(code, "5.1.1", "no such user")).effect is Effect.STOP_MAILBOX

    def test_a_login_that_fails_for_now_is_tried_again(self) -> None:
        found = said("454 4.7.0 Temporary authentication failure", Phase.AUTH)
        assert found == Disposition(Effect.RETRY, "login_deferred", QUIET)

    @pytest.mark.parametrize(
        ("text", "code", "wait"),
        [
            ("550 5.4.5 Daily user sending limit exceeded", "quota", A_DAY),
            ("550 5.4.5 over", "quota", A_DAY),
            ("550 Daily SMTP relay limit exceeded for customer", "quota", A_DAY),
            ("452 4.5.3 you reached your daily relay quota", "quota", A_DAY),
            ("550 5.7.1 rate limited", "quota", A_DAY),
            ("550 5.7.28 unusual", "rate_blocked", A_DAY),
            ("550 5.7.1 Our system has detected an unusual rate of unsolicited mail", "rate_blocked", A_DAY),
            ("530 5.7.0 Must issue a STARTTLS command first", "login_refused", None),
            ("534 5.7.14 Please log in via your web browser", "login_refused", None),
            ("550 5.7.30 Basic authentication is not supported for Client Submission", "login_refused", None),
            ("550 5.7.57 Client was not authenticated to send anonymous mail", "login_refused", None),
            ("550 5.1.7 no", "sender_refused", None),
            ("550 5.1.8 Access denied, bad outbound sender", "account_blocked", None),
            ("553 5.7.1 <me@brand.example>: Sender address rejected: not owned by user ann", "sender_refused", None),
            ("550 5.1.0 <me@brand.example>: Sender address rejected: User unknown", "sender_refused", None),
            ("550 Verification failed for <me@brand.example> Sender verify failed", "sender_refused", None),
            ("554 5.7.1 <ada@customer.example>: Relay access denied", "relay_denied", None),
        ],
    )
    def test_a_fault_of_the_mailbox_stops_the_mailbox(self, text: str, code: str, wait: timedelta | None) -> None:
        assert said(text) == Disposition(Effect.STOP_MAILBOX, code, wait)

    @pytest.mark.parametrize("status", ["5.1.1", "5.1.0", "5.1.2"])
    def test_an_unknown_address_in_reply_to_mail_is_the_senders(self, status: str) -> None:
        assert said(f"550 {status} no such user", Phase.MAIL) == Disposition(Effect.STOP_MAILBOX, "sender_refused")

    @pytest.mark.parametrize("phase", [Phase.GREETING, Phase.TLS])
    def test_a_server_that_turns_us_away_stops_the_mailbox(self, phase: Phase) -> None:
        assert said("554 5.1.1 no such user", phase) == Disposition(Effect.STOP_MAILBOX, "session_refused")

    @pytest.mark.parametrize("status", ["5.7.24", "5.7.25", "5.7.26", "5.7.27", "5.7.29", "5.7.30", "5.7.32", "5.7.40"])
    def test_failed_authentication_of_the_domain_stops_the_domain(self, status: str) -> None:
        assert said(f"550 {status} rejected") == Disposition(Effect.STOP_DOMAIN, "authentication")

    @pytest.mark.parametrize(
        "text",
        [
            "550 5.7.515 Access denied, sending domain does not meet the required authentication level",
            "550 5.7.1 Unauthenticated email is not accepted due to domain's DMARC policy",
            "550 5.1.0 192.0.2.1 is not allowed to send per its SPF Record",
            "550 Fix reverse DNS for 192.0.2.1",
            "421 4.7.26 This mail has been rate limited because the sender is unauthenticated",
            "421 4.7.32 not aligned",
        ],
    )
    def test_so_do_its_words_and_its_deferrals(self, text: str) -> None:
        assert said(text, Phase.DOT) == Disposition(Effect.STOP_DOMAIN, "authentication")


class TestTheMessage:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("552 5.3.4 Message too large", "too_big"),
            ("552 5.2.3 exceeds", "too_big"),
            ("552 Message size exceeds fixed maximum message size: 5242880 bytes", "too_big"),
            ("555 5.5.2 Syntax error", "malformed"),
            ("554 5.6.0 bad MIME", "malformed"),
            ("550 5.7.1 This message is not RFC 5322 compliant", "malformed"),
            ("503 Bad sequence of commands", "malformed"),
        ],
    )
    def test_a_fault_of_ours_is_to_be_mended(self, text: str, code: str) -> None:
        assert said(text, Phase.DOT) == Disposition(Effect.FIX_MESSAGE, code)


class TestTheFirstDigit:
    @pytest.mark.parametrize("phase", Phase)
    @pytest.mark.parametrize(
        "text", ["421 5.7.32 not aligned", "450 5.1.1 no such user", "450 The recipient blocked you"]
    )
    def test_4_is_tried_again_whatever_else_is_said(self, text: str, phase: Phase) -> None:
        assert said(text, phase).effect is Effect.RETRY

    @pytest.mark.parametrize("text", ["550 4.1.1 no such user", "550 4.2.2 full", "554 4.4.7 expired"])
    def test_5_ends_the_message_but_a_contradiction_is_not_the_persons_fault(self, text: str) -> None:
        assert said(text).effect is Effect.GIVE_UP

    @pytest.mark.parametrize(
        ("text", "code", "wait"),
        [
            ("421 4.7.28 later", "rate_limited", QUIET),
            ("451 4.7.650 temporarily rate limited due to IP reputation", "rate_limited", QUIET),
            (
                "421 4.7.0 [TSS04] temporarily deferred due to unexpected volume or user complaints",
                "rate_limited",
                QUIET,
            ),
            ("421 Too many connections", "rate_limited", QUIET),
            ("450 4.2.1 The user you are trying to contact is receiving mail too quickly", "recipient_rate", QUIET),
            ("452 4.2.2 over quota", "mailbox_full", None),
            ("451 4.3.0 Temporary System Problem", "system", None),
            ("421 4.4.2 timeout", "system", None),
            ("450 4.7.1 Greylisted", "unknown_transient", None),
            ("451 later", "unknown_transient", None),
        ],
    )
    def test_a_deferral_says_why_and_how_long(self, text: str, code: str, wait: timedelta | None) -> None:
        assert said(text) == Disposition(Effect.RETRY, code, wait)

    @pytest.mark.parametrize("phase", sorted(set(Phase) - set(RECIPIENT_PHASES) - {Phase.BODY}))
    @pytest.mark.parametrize("text", ["550 5.1.1 no such user", "550 5.7.1 the recipient has blocked you", "556 no"])
    def test_nobody_is_suppressed_before_he_was_named(self, text: str, phase: Phase) -> None:
        assert said(text, phase).effect not in {Effect.SUPPRESS_HARD, Effect.SUPPRESS_STOP}

    @pytest.mark.parametrize("code", [250, 354, 600])
    def test_what_is_no_refusal_has_no_disposition(self, code: int) -> None:
        with pytest.raises(ValueError, match=str(code)):
            judge(Phase.RCPT, Reply(code, "", ""))

    @pytest.mark.parametrize(("code", "permanent"), [(421, False), (550, True)])
    def test_it_makes_a_rejection_permanent(self, code: int, permanent: bool) -> None:
        assert Rejected(Phase.RCPT, Reply(code, "5.7.32", "")).permanent is permanent


class TestReading:
    @pytest.mark.parametrize(
        ("raw", "reply"),
        [
            (b"5.1.1 The account\n5.1.1 does not exist", Reply(550, "5.1.1", "The account does not exist")),
            (b"#5.1.0 Address rejected", Reply(550, "5.1.0", "Address rejected")),
            (b"plain words", Reply(550, "", "plain words")),
            (b"192.0.2.1 is listed", Reply(550, "", "192.0.2.1 is listed")),
            (b"5.7.1.2 odd", Reply(550, "", "5.7.1.2 odd")),
            (b"caf\xe9 \xe2\x80\xa8red\x1b[0m\x00\xe2\x80\xae", Reply(550, "", "caf\ufffd red[0m")),
            (b"", Reply(550, "", "")),
        ],
    )
    def test_a_reply_becomes_status_and_one_clean_line(self, raw: bytes, reply: Reply) -> None:
        assert read_reply(550, raw) == reply

    def test_a_long_one_is_cut(self) -> None:
        assert len(read_reply(550, b"5.1.1 " + b"x" * 5000).text) == 500


class TestTryingAgain:
    def attempts(self, count: int) -> list[timedelta]:
        """When the tries take place if each is made on time and fails at once, from the first."""
        moments = [START]
        while len(moments) < count:
            moments.append(retry_at(START, len(moments), moments[-1]))
        return [moment - START for moment in moments]

    def test_there_are_two_tries_in_the_first_hour(self) -> None:
        moments = self.attempts(6)
        assert len([moment for moment in moments if moment < timedelta(hours=1)]) == 2
        assert moments[1] >= timedelta(minutes=15)

    def test_later_tries_are_two_to_three_hours_apart(self) -> None:
        moments = self.attempts(20)
        gaps = {later - earlier for earlier, later in zip(moments[1:], moments[2:], strict=False)}
        assert all(timedelta(hours=2) <= gap <= timedelta(hours=3) for gap in gaps)

    @pytest.mark.parametrize("late", [timedelta(hours=1), timedelta(hours=30)])
    def test_a_late_try_is_not_followed_by_a_burst(self, late: timedelta) -> None:
        assert retry_at(START, 1, START + late) == START + late + timedelta(minutes=15)
        assert retry_at(START, 4, START + timedelta(hours=8) + late) >= START + timedelta(hours=10) + late

    def test_an_early_try_does_not_put_off_the_next(self) -> None:
        assert retry_at(START, 5, START + timedelta(hours=1)) == START + timedelta(hours=4)

    def test_nothing_tried_is_nothing_to_try_again(self) -> None:
        with pytest.raises(ValueError, match="tried"):
            retry_at(START, 0, START)

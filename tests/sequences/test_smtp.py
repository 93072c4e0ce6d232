"""What is certain after a delivery, against a server that does everything wrong in every phase."""

import base64
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sequences.dispositions import Accepted, InDoubt, NotSent, Outcome, Phase, Rejected, Reply, Withheld
from sequences.smtp import Connection, Endpoint, Envelope, InsecureEndpoint, Security, Timeouts, UnsafeContent
from tests.sequences.scripted_smtp import CLOSE, HANG, RESET, Act, Received, Script, ScriptedServer, certificate, say

ENVELOPE = Envelope("bounce+17@brand.example", "ada@customer.example")
CONTENT = b"Subject: hello\r\n\r\nfirst line\r\n.\r\n..two dots\r\nlast line\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"x" * 76 + b"\r\n" + (b"y" * 98 + b"\r\n") * 80_000
# Longer than the server keeps a client hanging: only the phase at hand can time out.
PATIENT = Timeouts(9, 9, 9, 9, 9, 9, 9)
NOWHERE = Endpoint("127.0.0.1", 1, Security.PLAIN)
SECRET = "correct horse"
PLAIN = base64.b64encode(f"\0ann\0{SECRET}".encode()).decode()
EARLY = {"connect": Phase.GREETING, "ehlo": Phase.GREETING, "mail": Phase.MAIL, "rcpt": Phase.RCPT, "data": Phase.DATA}
Tls = tuple[ssl.SSLContext, str]


def yes() -> bool:
    return True


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return certificate(tmp_path_factory.mktemp("tls"))


def endpoint(server: ScriptedServer, security: Security = Security.PLAIN) -> Endpoint:
    return Endpoint("127.0.0.1", server.port, security, local_hostname="client.test")


def timeouts(phase: str, act: Act) -> Timeouts:
    return replace(PATIENT, **{phase: 0.2}) if act is HANG else PATIENT


def deliver(
    script: dict[str, Script], *, content: bytes = CONTENT, gate: Callable[[], bool] = yes, patience: Timeouts = PATIENT
) -> tuple[Outcome, list[Received]]:
    with ScriptedServer(script) as server:
        with Connection(endpoint(server), patience) as connection:
            outcome = connection.deliver(ENVELOPE, content, gate)
        return outcome, server.messages


class TestWhatIsCertain:
    @pytest.mark.parametrize("act", [CLOSE, RESET, HANG], ids=["close", "reset", "silence"])
    @pytest.mark.parametrize("phase", EARLY)
    def test_a_failure_before_the_body_is_not_sent(self, phase: str, act: Act) -> None:
        outcome, _ = deliver({phase: act}, patience=timeouts(EARLY[phase], act))
        assert isinstance(outcome, NotSent)
        # A reset at the very beginning may already be met while the connection is being made.
        assert outcome.phase in ({EARLY[phase], Phase.CONNECT} if phase == "connect" else {EARLY[phase]})
        assert (outcome.error == "timed_out") == (act is HANG)

    def test_nobody_listening_is_not_sent(self) -> None:
        outcome = Connection(NOWHERE).deliver(ENVELOPE, CONTENT, yes)
        assert isinstance(outcome, NotSent)
        assert outcome.phase is Phase.CONNECT

    @pytest.mark.parametrize("act", [CLOSE, RESET, HANG], ids=["close", "reset", "stops reading"])
    def test_a_failure_in_the_body_is_not_sent(self, act: Act) -> None:
        outcome, received = deliver({"body": act}, content=LARGE, patience=timeouts("block", act))
        assert isinstance(outcome, NotSent)
        assert (outcome.phase, outcome.error == "timed_out") == (Phase.BODY, act is HANG)
        assert not received

    @pytest.mark.parametrize("act", [CLOSE, RESET, HANG, say("25", then="close")], ids=["end", "reset", "hang", "25"])
    def test_a_failure_after_the_final_dot_is_in_doubt(self, act: Act) -> None:
        outcome, _ = deliver({"dot": act}, patience=timeouts("dot", act))
        assert isinstance(outcome, InDoubt)
        assert (outcome.phase, outcome.error == "timed_out") == (Phase.DOT, act is HANG)

    @pytest.mark.parametrize("text", ["hello", "354 go on", "999 what", "250 " + "x" * 9000], ids=lambda text: text[:3])
    def test_an_answer_nobody_understands_after_the_final_dot_is_in_doubt(self, text: str) -> None:
        assert isinstance(deliver({"dot": say(text)})[0], InDoubt)

    @pytest.mark.parametrize("text", ["hello", "250 fine", "999 what"])
    def test_an_answer_nobody_understands_to_data_is_not_sent(self, text: str) -> None:
        assert isinstance(deliver({"data": say(text)})[0], NotSent)

    @pytest.mark.parametrize("phase", [*EARLY, "dot"])
    @pytest.mark.parametrize(("code", "permanent"), [(421, False), (451, False), (550, True)])
    def test_a_refusal_means_not_accepted(self, phase: str, code: int, permanent: bool) -> None:
        outcome, received = deliver({phase: say(f"{code} 4.3.2 no")})
        assert isinstance(outcome, Rejected)
        assert (outcome.phase, outcome.permanent) == (EARLY.get(phase, Phase.DOT), permanent)
        assert not received

    def test_the_answer_to_the_dot_is_waited_for_longer_than_any_other(self) -> None:
        outcome, _ = deliver({"dot": Act("250 2.0.0 at last", delay=0.2)}, patience=replace(PATIENT, block=0.1))
        assert outcome == Accepted(Reply(250, "2.0.0", "at last"))

    @pytest.mark.parametrize("act", [CLOSE, RESET], ids=["close", "reset"])
    @pytest.mark.parametrize("phase", ["after", "quit"])
    def test_accepted_stays_accepted_whatever_follows(self, phase: str, act: Script) -> None:
        outcome, received = deliver({phase: act})
        assert isinstance(outcome, Accepted)
        assert len(received) == 1

    def test_a_reply_of_many_lines_is_kept_as_one(self) -> None:
        outcome, _ = deliver({"rcpt": say("550-5.1.1 The account does", "550 5.1.1 not exist")})
        assert outcome == Rejected(Phase.RCPT, Reply(550, "5.1.1", "The account does not exist"))


class TestTheGate:
    def test_it_is_asked_once_between_rcpt_and_data(self) -> None:
        with ScriptedServer() as server, Connection(endpoint(server), PATIENT) as connection:
            connection.deliver(ENVELOPE, CONTENT, server.gate)
            assert server.verbs == ["connect", "ehlo", "mail", "rcpt", "gate", "data", "dot"]

    def test_no_means_no_data_and_the_connection_serves_the_next_message(self) -> None:
        with ScriptedServer() as server, Connection(endpoint(server), PATIENT) as connection:
            assert connection.deliver(ENVELOPE, CONTENT, lambda: False) == Withheld()
            assert server.verbs == ["connect", "ehlo", "mail", "rcpt", "rset"]
            assert isinstance(connection.deliver(ENVELOPE, CONTENT, yes), Accepted)
            assert server.verbs.count("connect") == 1

    @pytest.mark.parametrize("answer", [None, "yes", 1])
    def test_anything_but_true_means_no(self, answer: bool) -> None:
        assert deliver({}, gate=lambda: answer) == (Withheld(), [])

    def test_its_failure_comes_through_and_nothing_was_said(self) -> None:
        def broken() -> bool:
            raise LookupError("no database")

        with ScriptedServer() as server, Connection(endpoint(server), PATIENT) as connection:
            with pytest.raises(LookupError):
                connection.deliver(ENVELOPE, CONTENT, broken)
            assert isinstance(connection.deliver(ENVELOPE, CONTENT, yes), Accepted)
            assert server.verbs[:6] == ["connect", "ehlo", "mail", "rcpt", "connect", "ehlo"]

    @pytest.mark.parametrize("phase", ["mail", "rcpt"])
    def test_it_is_not_asked_when_the_recipient_was_not_accepted(self, phase: str) -> None:
        with ScriptedServer({phase: say("550 5.1.1 unknown")}) as server, Connection(endpoint(server)) as connection:
            connection.deliver(ENVELOPE, CONTENT, server.gate)
            assert "gate" not in server.log


class TestTheWire:
    def test_a_message_arrives_as_it_was_written_at_one_recipient(self) -> None:
        _, (message,) = deliver({})
        assert message.content + b"\r\n" == CONTENT
        assert (message.sender, message.recipients) == (ENVELOPE.sender, (ENVELOPE.recipient,))

    def test_leading_dots_are_doubled_on_the_wire(self) -> None:
        _, (message,) = deliver({}, content=b".\r\n.a")
        assert message.raw == b"..\r\n..a"

    def test_a_body_of_many_blocks_arrives_whole(self) -> None:
        _, (message,) = deliver({}, content=LARGE[:300_000])
        assert message.content == LARGE[:300_000]

    @pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\r\n.\r\r\n"], ids=repr)
    def test_a_smuggled_end_of_message_is_refused_before_anything_is_opened(self, end: bytes) -> None:
        with ScriptedServer() as server, Connection(endpoint(server), PATIENT) as connection:
            with pytest.raises(UnsafeContent, match="bare_newline"):
                connection.deliver(ENVELOPE, b"first" + end + b"MAIL FROM:<evil@example.test>\r\n", yes)
            assert not server.log

    @pytest.mark.parametrize(("content", "code"), [(b"a\0b\r\n", "nul"), (b"x" * 999, "long_line"), (b"\r", "bare")])
    def test_other_unsafe_content_is_refused(self, content: bytes, code: str) -> None:
        with pytest.raises(UnsafeContent, match=code):
            Connection(NOWHERE).deliver(ENVELOPE, content, yes)

    def test_a_line_of_998_octets_is_allowed(self) -> None:
        assert isinstance(deliver({}, content=b"x" * 998 + b"\r\n")[0], Accepted)

    @pytest.mark.parametrize("address", ["a@b.c>\r\nDATA", "ü@b.c", "a@ü.c", "a b@c.d", "a@b.c,d@e.f", "<a@b.c>", ""])
    def test_an_address_that_is_not_plain_is_refused(self, address: str) -> None:
        with pytest.raises(UnsafeContent, match="unsafe_address"):
            Connection(NOWHERE).deliver(Envelope("", address), CONTENT, yes)

    def test_a_null_reverse_path_is_sent_as_one(self) -> None:
        with ScriptedServer() as server, Connection(endpoint(server), PATIENT) as connection:
            connection.deliver(replace(ENVELOPE, sender=""), CONTENT, yes)
            assert "mail FROM:<>" in server.log

    def test_without_a_name_it_greets_with_its_address(self) -> None:
        with ScriptedServer() as server, Connection(replace(endpoint(server), local_hostname="")) as connection:
            connection.deliver(ENVELOPE, CONTENT, yes)
            assert "ehlo [127.0.0.1]" in server.log


class TestKeptConnections:
    def run(self, script: dict[str, Script], *, messages: int, limit: int = 50) -> tuple[list[Outcome], ScriptedServer]:
        with ScriptedServer(script) as server, Connection(endpoint(server), PATIENT, max_messages=limit) as connection:
            return [connection.deliver(ENVELOPE, CONTENT, yes) for _ in range(messages)], server

    @pytest.mark.parametrize(("limit", "connections"), [(50, 1), (2, 3)])
    def test_one_connection_serves_its_share_of_messages(self, limit: int, connections: int) -> None:
        _, server = self.run({}, messages=5, limit=limit)
        assert len(server.messages) == 5
        assert server.verbs.count("connect") == server.verbs.count("quit") == connections

    def test_it_serves_the_next_message_after_a_refusal(self) -> None:
        outcomes, server = self.run({"rcpt": [say("550 5.1.1 unknown")]}, messages=2)
        assert [type(outcome) for outcome in outcomes] == [Rejected, Accepted]
        assert server.verbs == ["connect", "ehlo", "mail", "rcpt", "rset", "mail", "rcpt", "data", "dot", "quit"]

    @pytest.mark.parametrize("phase", ["after", "mail"])
    @pytest.mark.parametrize("act", [CLOSE, RESET, say("421 4.4.2 idle", then="close")], ids=["close", "reset", "421"])
    def test_an_end_between_messages_is_not_a_failure(self, phase: str, act: Act) -> None:
        outcomes, server = self.run({phase: [act] if phase == "after" else [say("250 ok"), act]}, messages=2)
        assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
        assert server.verbs.count("connect") == 2

    @pytest.mark.parametrize(
        ("acts", "kind", "connections"), [([CLOSE, CLOSE], NotSent, 2), ([say("550 5.1.8 no")], Rejected, 1)]
    )
    def test_but_two_in_a_row_or_a_refusal_are(self, acts: list[Act], kind: type[Outcome], connections: int) -> None:
        outcomes, server = self.run({"mail": [say("250 ok"), *acts]}, messages=2)
        assert isinstance(outcomes[1], kind)
        assert server.verbs.count("connect") == connections

    @pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "dot"])
    def test_421_ends_the_connection(self, phase: str) -> None:
        _, server = self.run({phase: [say("421 4.7.0 later")]}, messages=2)
        assert server.verbs.count("connect") == 2
        assert "rset" not in server.verbs


class TestCredentials:
    def log_in(self, server: ScriptedServer, security: Security, ca_file: str = "", *, oauth: bool = False) -> Outcome:
        known = replace(endpoint(server, security), username="ann", password=SECRET, ca_file=ca_file, oauth=oauth)
        with server, Connection(known, PATIENT) as connection:
            connection.deliver(ENVELOPE, CONTENT, yes)
            return connection.deliver(ENVELOPE, CONTENT, yes)

    @pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
    def test_they_travel_inside_verified_tls_and_the_connection_is_kept(self, tls: Tls, security: Security) -> None:
        offers, implicit = ["STARTTLS", "AUTH LOGIN PLAIN"], security is Security.TLS
        server = ScriptedServer(offers=offers, tls=tls[0], implicit=implicit)
        assert isinstance(self.log_in(server, security, tls[1]), Accepted)
        assert server.verbs.count("auth") == server.verbs.count("connect") == 1
        assert server.verbs.count("ehlo") == (1 if implicit else 2)
        assert f"AUTH PLAIN {PLAIN}" in server.log

    @pytest.mark.parametrize(
        ("act", "offers", "outcome"),
        [
            (Act(), ["AUTH PLAIN"], NotSent(Phase.TLS, "starttls_not_offered")),
            (say("454 4.7.0 later"), ["STARTTLS", "AUTH PLAIN"], Rejected(Phase.TLS, Reply(454, "4.7.0", "later"))),
            (
                say("220 go", "250 AUTH PLAIN"),
                ["STARTTLS", "AUTH CRAM-MD5"],
                NotSent(Phase.AUTH, "no_common_mechanism"),
            ),
        ],
        ids=["stripped", "refused", "planted before"],
    )
    def test_without_starttls_they_stay_home(self, tls: Tls, act: Act, offers: list[str], outcome: Outcome) -> None:
        server = ScriptedServer({"starttls": act}, offers=offers, tls=tls[0])
        assert self.log_in(server, Security.STARTTLS, tls[1]) == outcome
        assert {"auth", "mail"}.isdisjoint(server.verbs)

    @pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
    @pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"], ids=["unknown authority", "other address"])
    def test_a_certificate_that_does_not_fit_ends_it(self, tmp_path: Path, security: Security, address: str) -> None:
        context, ca_file = certificate(tmp_path, address=address)
        server = ScriptedServer(offers=["STARTTLS", "AUTH PLAIN"], tls=context, implicit=security is Security.TLS)
        outcome = self.log_in(server, security, "" if address == "127.0.0.1" else ca_file)
        assert isinstance(outcome, NotSent)
        assert outcome.phase is Phase.TLS
        assert "auth" not in server.verbs

    @pytest.mark.parametrize("code", [530, 534, 535, 454])
    def test_a_refused_login_is_a_refusal_of_the_mailbox(self, code: int) -> None:
        server = ScriptedServer({"auth": say(f"{code} 5.7.8 no")}, offers=["AUTH PLAIN"])
        assert self.log_in(server, Security.PLAIN) == Rejected(Phase.AUTH, Reply(code, "5.7.8", "no"))
        assert "mail" not in server.verbs

    def test_login_answers_name_and_word(self) -> None:
        server = ScriptedServer({"auth": [say("334 UGFzc3dvcmQ6")]}, offers=["AUTH LOGIN"])
        assert isinstance(self.log_in(server, Security.PLAIN), Accepted)
        assert base64.b64encode(SECRET.encode()).decode() in server.log

    def test_a_revoked_token_is_a_refused_login(self) -> None:
        acts = [say("334 eyJzdGF0dXMiOiI0MDEifQ=="), say("535 5.7.3 revoked")]
        server = ScriptedServer({"auth": acts * 2}, offers=["AUTH PLAIN XOAUTH2"])
        outcome = self.log_in(server, Security.PLAIN, oauth=True)
        assert outcome == Rejected(Phase.AUTH, Reply(535, "5.7.3", "revoked"))

    @pytest.mark.parametrize("host", ["mail.example", "192.0.2.1", "localhost.example"])
    def test_clear_text_to_another_machine_is_refused(self, host: str) -> None:
        with pytest.raises(InsecureEndpoint):
            Connection(Endpoint(host, 25, Security.PLAIN, "ann", SECRET))

    def test_the_word_is_shown_nowhere(self) -> None:
        server = ScriptedServer({"auth": say(f"500 what is {SECRET} or {PLAIN}")}, offers=["AUTH PLAIN"])
        assert self.log_in(server, Security.PLAIN) == Rejected(Phase.AUTH, Reply(500, "", "what is *** or ***"))
        assert SECRET not in repr(Endpoint("h", 1, Security.TLS, "ann", SECRET))

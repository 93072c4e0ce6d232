"""Decides what an incoming mail answers, or else who wrote it and where they work (spec R2; LAW THR-04, ARF-02).

In this order, and the first that fits counts: our own token in the address it was sent to; In-Reply-To; References, the
nearest first; the message it returns or quotes, by its identifiers or by our token in it; the sender's address, in
whatever spelling; the company of the sender. Identifiers of ours hold 128 random bits and tokens are signed: who names
one has seen the message. The other two are claims, for which nobody is stopped, only held until a person has decided.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from compliance import addresses, cards, tokens
from compliance.addresses import Address, AddressError
from compliance.models import AddressCard, AddressDigest
from sequences.classifier import Mail
from sequences.imports.judging import is_free_mail
from sequences.models import Contact, Enrollment, InboundMessage, Mailbox, OutboundMessage

_TO_UNSUBSCRIBE = re.compile(r"\bu-([a-z2-7]{40,80})@", re.IGNORECASE)
_IN_A_COPY = re.compile(r"(?:/u/|\bu-)([a-z2-7]{40,80})(?![a-z2-7])", re.IGNORECASE)
_SOFT_BREAK = re.compile(r"=\r?\n")
_QUOTED = 100_000
_IDS_LOOKED_UP = 50
_TOKENS_READ = 20
_PRINTABLE = re.compile(r"<[!-;=?-~]{1,198}>")
Match = InboundMessage.Match


@dataclass(frozen=True)
class Matched:
    """What was found. `message` is the one it answers, `contact` whom it concerns: whoever was written to, else the
    sender. `cards` are those of the people to be held if a human being wrote it. `by` is empty when nothing fits.
    """

    by: str = ""
    message: OutboundMessage | None = None
    contact: Contact | None = None
    cards: Sequence[AddressCard] = field(default=())


def unsubscribe_token(addressed: Iterable[str]) -> tokens.Token | None:
    """The token in an unsubscribe address of ours among these texts (LAW UNS-13, THR-05)."""
    return next(iter(_tokens(_TO_UNSUBSCRIBE, " ".join(addressed))), None)


def match(mail: Mail, token: tokens.Token | None = None) -> Matched:
    """What it answers, by the first way that fits; `token` is that in the address it came to."""
    writer = writer_of(mail)
    contact = _contact_of(writer)
    enrolled = contact is not None and Enrollment.objects.filter(person=contact.card.person_id).exists()
    theirs = [contact.card] if contact is not None and enrolled else []
    by, message = _answered(mail, token)
    if message is not None:
        held = {card.pk: card for card in (message.enrollment.contact.card, *theirs)}
        return Matched(by, message, message.enrollment.contact, list(held.values()))
    if token is not None:
        return Matched(Match.TOKEN, contact=Contact.objects.filter(card__digest=token.digest).first())
    if contact is not None:
        return Matched(Match.SENDER, contact=contact, cards=theirs or _colleagues(writer))
    colleagues = _colleagues(writer)
    return Matched(Match.COMPANY, cards=colleagues) if colleagues else Matched()


def is_from_us(mail: Mail) -> bool:
    """Whether it says to come from a mailbox of ours."""
    writer = writer_of(mail)
    return writer is not None and Mailbox.objects.filter(address__iexact=writer.text).exists()


def _answered(mail: Mail, token: tokens.Token | None) -> tuple[str, OutboundMessage | None]:
    if token is not None and (message := _of_token(token)):
        return Match.TOKEN, message
    if found := _by_id(mail.answers):
        name, message = found
        return (Match.IN_REPLY_TO if name in mail.header("in-reply-to") else Match.REFERENCES), message
    if found := _by_id(mail.returned_ids):
        return Match.RETURNED, found[1]
    copies = f"{mail.returned[:_QUOTED]} {mail.text[:_QUOTED]}"
    for read in _tokens(_IN_A_COPY, _SOFT_BREAK.sub("", copies)):
        if message := _of_token(read):
            return Match.RETURNED, message
    return "", None


def _by_id(names: Sequence[str]) -> tuple[str, OutboundMessage] | None:
    """The first of these identifiers that is one of ours."""
    wanted = [name for name in names[:_IDS_LOOKED_UP] if _PRINTABLE.fullmatch(name)]
    rows = OutboundMessage.objects.filter(message_id__in=wanted) if wanted else OutboundMessage.objects.none()
    known = {row.message_id: row for row in rows.select_related("enrollment__contact__card").defer("content")}
    return next(((name, known[name]) for name in wanted if name in known), None)


def _of_token(token: tokens.Token) -> OutboundMessage | None:
    """The message of a token, if it is still the one to the person the token speaks of: a database that was put back
    gives numbers again."""
    rows = OutboundMessage.objects.filter(pk=token.message, enrollment__contact__card__digest=token.digest)
    return rows.select_related("enrollment__contact__card").defer("content").first()


def _tokens(shape: re.Pattern[str], text: str) -> list[tokens.Token]:
    """The genuine ones among the first that look like one."""
    candidates = dict.fromkeys(match[1].lower() for match, _n in zip(shape.finditer(text), range(200), strict=False))
    read = (tokens.read(tokens.Purpose.UNSUBSCRIBE, one) for one in list(candidates)[:_TOKENS_READ])
    return [token for token in read if token and token.digest]


def writer_of(mail: Mail) -> Address | None:
    """Whoever says to have written it, if that is one plain address."""
    try:
        return addresses.parse(mail.sender)
    except AddressError:
        return None


def _contact_of(writer: Address | None) -> Contact | None:
    """The contact who has this address in any spelling, or is the person who has it."""
    card = cards.find([writer]).get(writer.canonical) if writer else None
    if card is None:
        return None
    theirs = Contact.objects.filter(Q(card=card) | Q(card__person=card.person_id), merged_into=None)
    known = {row.card_id: row for row in theirs.select_related("card").order_by("pk")[:_IDS_LOOKED_UP]}
    return known.get(card.pk) or next(iter(known.values()), None)


def _colleagues(writer: Address | None) -> list[AddressCard]:
    """Everybody in a sequence at the sender's company: at the domain, below it, or at the account that has it."""
    if writer is None or is_free_mail(writer.domain):
        return []
    there = AddressDigest.objects.filter(whole_domain=True, digest__in=cards.domain_digests(writer.domain))
    account = Q(contact__account__domain__in=addresses.domain_readings(writer.domain))
    merged = Q(contact__account__merged_into__domain__in=addresses.domain_readings(writer.domain))
    passages = Enrollment.objects.filter(state=Enrollment.State.ACTIVE)
    found = passages.filter(Q(contact__card__in=there.values("card")) | account | merged)
    return [row.contact.card for row in found.select_related("contact__card").order_by("contact__card__digest")]

"""Decides which words of a reply are the writer's own: quotations, attributions, copied headers and signatures are not.

What we sent contains the word "unsubscribe"; it comes back in every quotation (LAW THR-07).
"""

import re
from collections.abc import Sequence

_WROTE = (
    r"wrote|schrieb|a écrit|escribi[óo]|escreveu|ha scritto|schreef|skrev|napisał\(?a?\)?|napsal\(?a?\)?|"
    r"kirjoitti|yazdı|írta|a scris|написал\(?а?\)?|пише|написав|έγραψε|写道|寫道|のメール|작성"
)
_DATED = r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2} .{0,200}<[^<>]{1,200}> ?:$"
_ATTRIBUTION = re.compile(rf"(?:\d|@).*(?:{_WROTE})|(?:{_WROTE}).*(?:\d|@)|{_DATED}", re.IGNORECASE)
_FROM = re.compile(
    r"\W{0,3}(?:From|Von|De|Da|Van|Od|Fra|Från|Lähettäjä|Kimden|Feladó|De la|От|Від|Από|"
    r"发件人|寄件者|差出人|보낸 사람)\s*[:：]",
    re.IGNORECASE,
)
_SENT = re.compile(
    r"\W{0,3}(?:Sent|Date|Gesendet|Datum|Envoyé|Enviado|Fecha|Inviato|Data|Verzonden|Wysłano|Odesláno|Skickat|Sendt|Dato|"
    r"Lähetetty|Gönderme|Gönderildi|Elküldve|Trimis|Отправлено|Дата|Надіслано|Στάλθηκε|"
    r"发送时间|日期|送信日時|보낸 날짜|"
    r"To|An|À|Para|A|Aan|Do|Til|Till|Кому|收件人|宛先)\s*[:：]",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"original|ursprüngliche|d'origine|originale|oorspronkelijk|forwarded|weitergeleitete|transféré|reenviado|inoltrato|"
    r"doorgestuurd|исходное|пересыла|oryginalna|původní|eredeti|alkuperäinen|oprindelig|opprinnelig|ursprungligt",
    re.IGNORECASE,
)
_UNDERLINE = re.compile(r"_{10,}\s*")
_SENT_FROM = re.compile(
    r"\W{0,3}(?:(?:sent|gesendet|von|envoyé|enviado|inviato|verzonden|verstuurd|wysłane|odesláno|skickat|sendt|"
    r"lähetetty|отправлено|надіслано|get) (?:from|with|via|using|von|mit|depuis|de|desde|dal?|con|vanaf|met|från|fra|z|"
    r"с|із|outlook|mon|mi|mijn|meinem|my)\b|von meinem|发自|從我|iphoneから).{0,100}",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"(?:confidential|privileged|vertraulich|confidentiel|confidencial|riservat|vertrouwelijk|poufn|důvěrn|konfidentiel|"
    r"intended (?:solely|only) for|ausschließlich für|destinataire|destinatario|geadresseerde)",
    re.IGNORECASE,
)
_DISCLAIMED = re.compile(
    r"(?:e-?mail|message|mail|nachricht|courriel|mensaje|correo|messaggio|bericht|attachment|transmission|communication)",
    re.IGNORECASE,
)
_IN_ERROR = re.compile(
    r"(?:in error|not the (?:intended|named|addressee)|irrtümlich|nicht der richtige|par erreur|por error|per errore|"
    r"abusievelijk|ten onrechte|solely for|only for|exclusiv|ausschließlich|uniquement|solamente|bestemd|delete|"
    r"löschen|supprim|elimin|cancell|verwijder|attachments)",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"(?:p\.? ?s\b|nb\b|n\.b\.)", re.IGNORECASE)
_LONGEST_ATTRIBUTION = 3
_LONGEST = 20_000
# Of a line that says where a quotation begins; nothing that takes longer is one.
_LONGEST_LINE = 400


def own_words(text: str) -> str:
    """The writer's own lines, without quotations, attributions and signature. Looks at 20,000 characters at most."""
    lines = text[:_LONGEST].replace("\r\n", "\n").replace("’", "'").split("\n")
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if _is_the_end(lines, number):
            break
        if taken := _attribution(lines, number):
            number += taken
            continue
        if not line.lstrip().startswith((">", "|")):
            kept.append(line)
        number += 1
    return _without_disclaimers("\n".join(kept))


def without_signature(own: str, name: str = "") -> str:
    """Own words up to where their writer's name stands alone in a line; a postscript stays."""
    names = {part.casefold() for part in (name, *name.split()[:1]) if len(part) > 1}
    paragraphs = own.split("\n\n")
    for number, paragraph in enumerate(paragraphs):
        first = paragraph.strip().split("\n")[0].strip(" ,.-–").casefold()  # noqa: RUF001 - a dash people type
        if number and first in names:
            later = [one for one in paragraphs[number + 1 :] if _SIGNED.match(one.strip())]
            return "\n\n".join(paragraphs[:number] + later)
    return own


def _without_disclaimers(text: str) -> str:
    """Neither the small print of a company nor the line a telephone adds are anybody's words."""
    lines = [line for line in text.split("\n") if not _SENT_FROM.fullmatch(line.strip()[:200])]
    paragraphs = re.split(r"\n[ \t]*\n", "\n".join(lines))
    return "\n\n".join(one for one in paragraphs if not _is_small_print(one)).strip()


def _is_small_print(paragraph: str) -> bool:
    patterns = (_DISCLAIMER, _DISCLAIMED, _IN_ERROR)
    return len(paragraph) > len("This mail is confidential. If not for you, delete it") and all(
        pattern.search(paragraph) for pattern in patterns
    )


def _is_the_end(lines: Sequence[str], number: int) -> bool:
    """From here on a copied mail or a signature follows."""
    line = lines[number]
    if line.rstrip("\n") in {"-- ", "--"} or _is_separator(line[:_LONGEST_LINE]):
        return True
    return bool(_FROM.match(line)) and any(_SENT.match(later) for later in lines[number + 1 : number + 4])


def _is_separator(line: str) -> bool:
    """A line of dashes around "original message" in any language, or a long underline."""
    inner = line.strip(" \t*>|")
    dashed = inner.startswith("---") and inner.endswith("---")
    return bool((dashed and _ORIGINAL.search(inner)) or _UNDERLINE.fullmatch(line))


def _attribution(lines: Sequence[str], number: int) -> int:
    """How many lines an attribution takes that begins here; mail programs break long ones. 0 for none."""
    said = ""
    for count, line in enumerate(lines[number : number + _LONGEST_ATTRIBUTION], start=1):
        if not line.strip() or line.lstrip().startswith(">"):
            return 0
        said = f"{said} {line.strip()}".strip()
        if len(said) > _LONGEST_LINE:
            return 0
        if said.endswith((":", "：")):
            return count if _ATTRIBUTION.search(said) else 0
    return 0

"""Decides which words of a reply are the writer's own: quotations, attributions, copied headers and signatures are not.

What we sent contains the word "unsubscribe"; it comes back in every quotation (LAW THR-07).
"""

import re
from collections.abc import Sequence

_WROTE = (
    r"wrote|schrieb|a écrit|escribi[óo]|escreveu|ha scritto|schreef|skrev|napisał\(?a?\)?|napsal\(?a?\)?|"
    r"kirjoitti|yazdı|írta|a scris|написал\(?а?\)?|пише|написав|έγραψε|写道|寫道|のメール|작성"
)
_ATTRIBUTION = re.compile(rf"(?:\d|@).*(?:{_WROTE})|(?:{_WROTE}).*(?:\d|@)", re.IGNORECASE)
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
_SEPARATOR = re.compile(
    r"\W*-{3,}.*(?:original|ursprüngliche|d'origine|originale|oorspronkelijk|forwarded|weitergeleitete|transféré|"
    r"reenviado|inoltrato|doorgestuurd|исходное|пересыла|oryginalna|původní|eredeti|alkuperäinen).*-{3,}|_{10,}\s*",
    re.IGNORECASE,
)
_LONGEST_ATTRIBUTION = 3
_LONGEST = 20_000


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
    return "\n".join(kept).strip()


def _is_the_end(lines: Sequence[str], number: int) -> bool:
    """From here on a copied mail or a signature follows."""
    line = lines[number]
    if line.rstrip("\n") in {"-- ", "--"} or _SEPARATOR.fullmatch(line):
        return True
    return bool(_FROM.match(line)) and any(_SENT.match(later) for later in lines[number + 1 : number + 4])


def _attribution(lines: Sequence[str], number: int) -> int:
    """How many lines an attribution takes that begins here; mail programs break long ones. 0 for none."""
    said = ""
    for count, line in enumerate(lines[number : number + _LONGEST_ATTRIBUTION], start=1):
        if not line.strip() or line.lstrip().startswith(">"):
            return 0
        said = f"{said} {line.strip()}".strip()
        if said.endswith((":", "：")):
            return count if _ATTRIBUTION.search(said) else 0
    return 0

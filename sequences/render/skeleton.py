"""Decides what a compiled wording is, and gives each person their own subject, preview, text and HTML from it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from liquid import BoundTemplate

from .body import read_body
from .flaws import Source
from .grammar import FOR_HTML, FOR_TEXT, Tag, read_tags
from .layout import page
from .plain import plain, spoken, wrap
from .survey import refuse_silence, survey
from .tokens import tokens_for
from .values import fill

KNOWN_VARIABLES = frozenset(
    {
        "account.domain",
        "account.ecosystem",
        "account.industry",
        "account.name",
        "contact.country",
        "contact.first_name",
        "contact.last_name",
        "contact.title",
        "postal_address",
        "sender.company",
        "sender.name",
        "unsubscribe_url",
    }
)
RENDERER_VERSION = "1"
"""Part of every digest: raise it when the same wording would come out as other bytes."""

_LINE_END = re.compile(r"\r\n?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_APART = "\x1e"


@dataclass(frozen=True)
class Rendered:
    """One person's message. `subject` and `preview` are one line; `text` has lines ended by `\\n`."""

    subject: str
    preview: str
    text: str
    html: str


@dataclass(frozen=True)
class Skeleton:
    """A wording compiled once. `variables` must have a value, `optional` ones have a stated alternative.

    `digest` is SHA-256 over the canonical JSON of subject, preview, body, language and the renderer's version.
    """

    variables: frozenset[str]
    optional: frozenset[str]
    digest: str
    _lines: BoundTemplate = field(repr=False, compare=False)
    _html: BoundTemplate = field(repr=False, compare=False)

    def render(self, values: Mapping[str, str]) -> Rendered:
        """Fill in flat values (`{"contact.first_name": "Ada"}`).

        Raises MissingValue or UnsafeValue for the first such variable, in alphabetical order.
        """
        filled = self._filled(values)
        subject, preview, text = self._lines.render(filled).split(_APART)
        html = self._html.render(filled)
        return Rendered(_one_line(subject), _one_line(preview), wrap(text), html)

    def length(self, values: Mapping[str, str]) -> int:
        """How many characters somebody gets to read; many times faster than to render. Raises like `render`."""
        return len(self._lines.render(self._filled(values)))

    def _filled(self, values: Mapping[str, str]) -> Mapping[str, str]:
        return fill(values, required=sorted(self.variables), optional=sorted(self.optional))


def compile_wording(
    *, subject: str, preview: str, body: str, language: str = "en", allowed: frozenset[str] = KNOWN_VARIABLES
) -> Skeleton:
    """Compile a wording: Liquid in subject and preview, Liquid and Markdown in the body; `language` is a BCP 47 tag.

    Raises WordingError for the first flaw. What compiles can fail for a person only by MissingValue or UnsafeValue.
    """
    if not _LANGUAGE.fullmatch(language):
        raise ValueError(f"not a language tag: {language!r}")
    parts = (_LINE_END.sub("\n", part) for part in (subject, preview, body))
    return _compiled(*parts, language, allowed)


@lru_cache(maxsize=256)
def _compiled(subject: str, preview: str, body: str, language: str, allowed: frozenset[str]) -> Skeleton:
    sources = [Source("subject", subject), Source("preview", preview), Source("body", body)]
    tags = [read_tags(source) for source in sources]
    surveys = [survey(source, found, allowed=allowed) for source, found in zip(sources, tags, strict=True)]
    needed = frozenset().union(*(one.needed for one in surveys))
    refuse_silence(sources[0], subject)
    text, html = _sources(sources[2], tags[2], sources[0], tags[0], language)
    return Skeleton(
        variables=needed,
        optional=frozenset().union(*(one.seen for one in surveys)) - needed,
        digest=_digest(subject=subject, preview=preview, body=body, language=language),
        _lines=FOR_TEXT.from_string(_APART.join((subject, preview, text))),
        _html=FOR_HTML.from_string(html),
    )


def _sources(
    body: Source, body_tags: tuple[Tag, ...], subject: Source, subject_tags: tuple[Tag, ...], language: str
) -> tuple[str, str]:
    """The Liquid source of the text part and of the HTML part, whose title is the subject."""
    words = tokens_for(body.text, subject.text, tags=body_tags)
    title_words = tokens_for(body.text, subject.text, words.stem, tags=subject_tags)
    read = read_body(body, words)
    title = title_words.guard(title_words.replace(subject.text)).strip()
    html = page(read.html(), title=title, language=language)
    text = plain(read)
    refuse_silence(body, spoken(text))
    return text, title_words.restore(words.restore(html))


def _digest(**content: str) -> str:
    canonical = json.dumps(
        {**content, "renderer": RENDERER_VERSION}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _one_line(text: str) -> str:
    return " ".join(text.split())

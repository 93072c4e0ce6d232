"""Decides what the HTML part looks like: one readable column, system fonts, no colour of its own, nothing hidden.

Without own colours the reader's light or dark mode applies everywhere. LAW MSG-09 forbids hidden text, so the preview
text is not part of the page.
"""

import html

import css_inline
import nh3

_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "*": set[str]()}
_ELEMENTS = {
    "a",
    "blockquote",
    "br",
    "code",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "strong",
    "ul",
}
_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "yi"}
_STYLE = """
body { margin: 0; padding: 0; color-scheme: light dark }
div { max-width: 600px; margin: 0 auto; padding: 16px;
  font-family: -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  font-size: 16px; line-height: 1.5 }
p, ul, ol, blockquote { margin: 0 0 16px }
ul, ol { padding-left: 24px }
blockquote { padding-left: 12px; border-left: 3px solid }
h1, h2, h3, h4, h5, h6 { margin: 24px 0 8px; line-height: 1.25 }
h1 { font-size: 24px }
h2 { font-size: 20px }
h3, h4, h5, h6 { font-size: 16px }
hr { margin: 24px 0; border: 0; border-top: 1px solid }
"""
_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div>
{body}</div>
</body>
</html>
"""
_INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=False, load_remote_stylesheets=False)


def page(fragment: str, *, title: str, language: str) -> str:
    """A whole page around sanitised body HTML; `title` is plain text. Both may hold words standing for tags."""
    clean = nh3.clean(fragment, tags=_ELEMENTS, attributes=_ATTRIBUTES, url_schemes={"https", "mailto"}, link_rel=None)
    filled = _PAGE.format(
        language=html.escape(language),
        direction="rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr",
        title=html.escape(title),
        style=_STYLE,
        body=clean,
    )
    return str(_INLINER.inline(filled))

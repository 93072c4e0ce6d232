"""Decides what one log record looks like: one line of JSON, newlines escaped, addresses and tokens masked.

LAW AUD-05.
"""

import json
import logging
import re

_SEPARATORS = r"\s@\"<>()\[\],;:"
# Looked for at the beginning of a word only: otherwise a long word without an address costs the square of its length.
_ADDRESS = re.compile(rf'(?:"[^"]{{1,64}}"|(?<![^{_SEPARATORS}])[^{_SEPARATORS}]+)(?:@|%40)([\w-]+(?:\.[\w-]+)+)')

# Whoever holds the token of a link can speak for the person it was sent to.
_TOKEN = re.compile(r"/u/+[a-z2-7]{16,}", re.IGNORECASE)


class OneLine(logging.Formatter):
    """Formats a record as JSON with time, level, logger, message and, after a crash, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": _masked(record.getMessage()),
        }
        if record.exc_info:
            fields["traceback"] = _masked(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=True)


def _masked(text: str) -> str:
    return _ADDRESS.sub(r"…@\1", _TOKEN.sub("/u/…", text))

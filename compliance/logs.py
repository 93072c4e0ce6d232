"""Decides what one log record looks like: a single line of JSON, newlines escaped, addresses masked (LAW AUD-05)."""

import json
import logging
import re

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


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
    return _ADDRESS.sub(r"…@\1", text)

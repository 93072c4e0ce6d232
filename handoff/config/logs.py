"""How logs are written: one line a record, without addresses, bodies, tokens or passwords (LAW AUD-05)."""

from typing import Any


def lines(level: str) -> dict[str, Any]:
    """The setting LOGGING; `level` is that of everything which has none of its own."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "compliance.logs.OneLine"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "mail.log": {"level": "ERROR"},
            # What is said to a mail server is mail, and at the beginning a password.
            "imapclient": {"level": "WARNING"},
            # The web server has handlers of its own, which would write paths as they are: in them are tokens.
            "gunicorn.error": {"handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": True},
        },
    }

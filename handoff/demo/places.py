"""Decides where the links and the staff mail of a performance lead: to its own servers on this machine."""

from django.conf import settings


def public_url(port: int) -> str:
    """Let links in the mails of this performance lead to its own server."""
    settings.PUBLIC_URL = f"http://127.0.0.1:{port}"
    return str(settings.PUBLIC_URL)


def staff_mail(port: int) -> None:
    """Let members of staff get their mail at a server of this performance."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False

"""Where a recipient's day begins: their zone, their window, their holidays."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.conf import settings

from compliance import playbook
from compliance.calendar import Hours, Window, parse_windows
from sequences.models import Contact
from sequences.timetable import choose_zone

_DEFAULT = ({"days": ["tue", "wed", "thu"], "opens": "08:30", "closes": "16:00"},)


def zone_of(contact: Contact) -> str:
    """The contact's own zone, else their country's capital's, else ours (spec SQ2)."""
    return choose_zone(contact_zone=contact.zone, country=contact.country, fallback=settings.TIME_ZONE).name


def windows() -> Sequence[Window]:
    """When mail may leave, in the recipient's zone, from the playbook's section `sequences`."""
    return parse_windows(playbook.section("sequences").get("windows", _DEFAULT))


def hours(zone: str, country: str, opening: Sequence[Window] | None = None) -> Hours:
    """The opening hours of one recipient; for many of them, read `windows()` once and hand it in."""
    return Hours(windows=tuple(windows() if opening is None else opening), zone=ZoneInfo(zone), country=country)

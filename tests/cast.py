"""The words and numbers that tests share: a wording that passes every rule, a small playbook, a password, a moment."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

PASSWORD = "correct horse battery staple"
LONG_AGO = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
# A Tuesday inside everybody's window.
TUESDAY = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)

WORDING: Mapping[str, str] = {
    "subject": "{{ account.name }}: one question",
    "preview": "A short idea for {{ account.name }}",
    "body": (
        "Hi {{ contact.first_name }},\n\n"
        "teams in {{ account.industry }} tell us that the plan for maintenance is the first thing to give way.\n\n"
        "Kind regards\n{{ sender.name }}, {{ sender.company }}\n\n---\n\n"
        "{{ sender.company }}, {{ postal_address }}. [Unsubscribe here]({{ unsubscribe_url }}).\n"
    ),
}

PLAYBOOK: Mapping[str, Any] = {
    "sender": {"legal_name": "Northwind Advisory LLC", "postal_address": "48 Tern Harbor Way, Portland, ME 04101, USA"},
    "caps": {"person": {"limit": 1, "hours": 48}, "mailbox": {"limit": 50, "hours": 24}},
    "sequences": {
        "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "08:00", "closes": "17:00"}],
        "stale_after_days": 10,
    },
}

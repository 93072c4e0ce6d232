"""Shows which words of a reply are its writer's own."""

import pytest

from sequences.classifier.own_words import own_words, without_signature


@pytest.mark.parametrize(
    "below",
    [
        "\nOn Thu, Nov 12, 2026 at 11:07 AM Rick <rick@ours.example> wrote:\n> unsubscribe here",
        "\n2026-11-12 11:07 GMT+02:00 Rick Halvorsen <rick@ours.example>:\n> unsubscribe here",
        "\n*-------- Original Message --------*\nunsubscribe here",
        "\n-----Oprindelig meddelelse-----\nunsubscribe here",
        "\nVon: Rick\nGesendet: Montag\nAn: Ada\nBetreff: x\n\nunsubscribe here",
        "\n________________________________\nunsubscribe here",
        "\nSent from my iPhone",
        "\nThis e-mail is confidential and intended solely for the addressee. If you received it in error, delete it.",
        "\nDiese E-Mail ist vertraulich. Sollten Sie nicht der richtige Empfänger sein, löschen Sie sie bitte.",
    ],
)
def test_what_mail_programs_and_companies_add_is_not_theirs(below: str) -> None:
    assert own_words(f"Yes, please.\n{below}") == "Yes, please."


def test_a_signature_ends_the_words_but_for_a_postscript() -> None:
    said = "Thanks.\n\nAda Lovelace\nHead of Pumps\n\nP.S. Call me."
    assert without_signature(said, "Ada Lovelace") == "Thanks.\n\nP.S. Call me."

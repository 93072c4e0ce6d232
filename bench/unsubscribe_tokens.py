"""Decides nothing: fills a scratch database with address cards and prints a token for each, for other measurements."""

import sys

import django
from django.core.management import call_command

django.setup()

# Models can be imported only once Django is set up.
from compliance import addresses, arming, cards, clock, installation, tokens  # noqa: E402
from compliance.models import Purpose  # noqa: E402


def main() -> None:
    """Print as many tokens as the first argument says."""
    call_command("migrate", verbosity=0, interactive=False)
    at = clock.now()
    # Only a host that was armed keeps a journal, and an opt-out is answered once it is there.
    arming.begin(installation.mark(Purpose.TEST, at=at), at)
    people = [addresses.parse(f"person{number}@company{number % 97}.example") for number in range(int(sys.argv[1]))]
    for number, card in enumerate(cards.find_or_make(people, at=at).values(), start=1):
        token = tokens.make(tokens.Purpose.UNSUBSCRIBE, message=number, digest=card.digest)
        sys.stdout.write(f"{token}\n")


if __name__ == "__main__":
    main()

"""What the addresses we know look like, beside their cards and the stops recorded for them and for their domains.

Of a stop for somebody whose address is nowhere any more (erased, or only ever on a list of opt-outs) nothing can be
made: it is found by its spelling alone, also by whoever imitates that letter by letter.
"""

from collections import defaultdict

from django.db import migrations

from compliance import addresses, cards, lookalikes

CHUNK = 500


def fill(apps, _editor):
    domains = set(apps.get_model("sequences", "Account").objects.exclude(domain="").values_list("domain", flat=True))
    for people in _people(apps.get_model("sequences", "Contact")):
        _fill_cards(apps, people)
        _fill_stops(apps, _stops_of_people(apps, people))
        domains |= {address.domain for address, _card, _person in people}
    levels = sorted({text[1:] for domain in domains for text in addresses.domain_variants(domain)})
    for start in range(0, len(levels), CHUNK):
        _fill_stops(apps, _stops_of_domains(apps, levels[start : start + CHUNK]))


def _people(contacts):
    rows, last = contacts.objects.exclude(address="").order_by("pk"), 0
    while chunk := list(rows.filter(pk__gt=last).values_list("pk", "address", "card", "card__person")[:CHUNK]):
        last = chunk[-1][0]
        yield [(address, card, person) for _pk, text, card, person in chunk if (address := _parsed(text))]


def _parsed(text):
    try:
        return addresses.parse(text)
    except addresses.AddressError:
        return None


def _fill_cards(apps, people):
    skeleton = apps.get_model("compliance", "AddressSkeleton")
    rows = [
        skeleton(card_id=card, key_version=version, digest=digest)
        for address, card, _person in people
        for version, digest in cards.skeleton_digests(address).items()
    ]
    skeleton.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)


def _stops_of_people(apps, people):
    """{stop: what it shall be found by}, for any spelling and for the person under each of their keys."""
    found = defaultdict(set)
    looks = {address: set(cards.skeleton_digests(address).values()) for address, _card, _person in people}
    spelled = {digest: address for address in looks for digest in cards.person_digests(address)}
    rows = apps.get_model("compliance", "SuppressionDigest").objects.filter(suppression__scope="person")
    for stop, digest in rows.filter(digest__among=spelled).values_list("suppression", "digest"):
        found[stop] |= looks[spelled[digest]]
    by_person = defaultdict(set)
    for address, _card, person in people:
        by_person[person] |= looks[address]
    keys = apps.get_model("compliance", "PersonKey").objects.filter(merged_into__in=by_person)
    for absorbed, person in list(keys.values_list("pk", "merged_into")):
        by_person[absorbed] = by_person[absorbed] | by_person[person]
    stops = apps.get_model("compliance", "Suppression").objects.filter(scope="person", person__among=by_person)
    for stop, person in stops.values_list("pk", "person"):
        found[stop] |= by_person[person]
    return found


def _stops_of_domains(apps, levels):
    found, named = defaultdict(set), cards.texts_by_digest(f"@{level}" for level in levels)
    rows = apps.get_model("compliance", "SuppressionDigest").objects.exclude(suppression__scope="person")
    for stop, digest in rows.filter(digest__among=named).values_list("suppression", "digest"):
        found[stop] |= cards.texts_by_digest(lookalikes.of_domain(named[digest][1:])).keys()
    return found


def _fill_stops(apps, wanted):
    row = apps.get_model("compliance", "SuppressionDigest")
    rows = [row(suppression_id=stop, digest=digest) for stop in sorted(wanted) for digest in sorted(wanted[stop])]
    row.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("sequences", "0008_editors_do_not_sign"),
        ("compliance", "0011_what_an_address_looks_like"),
    ]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

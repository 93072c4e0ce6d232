"""What an import leaves behind: tightening only, blanks take nothing away, twice is once."""

from collections.abc import Callable, Iterator

import pytest

from compliance import suppression
from compliance.addresses import parse
from compliance.models import AuditEntry, Strength, Suppression, SuppressionReason
from compliance.refusals import Refused
from sequences import approval
from sequences.imports import storing
from sequences.imports.files import opened
from sequences.imports.verdicts import RowVerdict
from sequences.models import Account, Contact, ImportRun, ListRow, RecipientList
from tests.cast import TUESDAY
from tests.compliance.asking import lifted
from tests.factories import AccountFactory, ContactFactory, RecipientListFactory, UserFactory, submitted_list
from tests.sequences.imports.conftest import ADA, HEADER, Desk

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

OPT_OUT = (*HEADER, "Opt out")


def test_a_new_person_is_stored_with_company_source_and_basis(desk: Desk) -> None:
    desk.load(ADA)
    ada = Contact.objects.select_related("account").get()
    assert (ada.first_name, ada.source, ada.basis) == ("Ada", "people.csv", "legitimate_interest")
    assert ada.account
    assert (ada.account.name, ada.account.domain) == ("Pumps", "pumps.example.com")


def test_colleagues_share_one_company(desk: Desk) -> None:
    desk.load(ADA, ("bob@pumps.example.com", "Bob", "", "PUMPS Ltd", "pumps"))
    assert list(Account.objects.values_list("name", flat=True)) == ["Pumps"]


def test_a_formula_does_not_name_the_company_of_colleagues(desk: Desk) -> None:
    formula = ("eve@pumps.example.com", "Eve", "", '=HYPERLINK("https://harvest.example")', "pumps")
    desk.load(formula, ADA)
    assert Account.objects.get().name == "Pumps"


def test_countries_are_codes_and_zones_exist(desk: Desk) -> None:
    header = (*HEADER, "Country", "Time zone")
    desk.load(
        (*ADA, "Deutschland", "Europe/Berlin"),
        ("b@c.example.com", "B", "", "C", "x", "Atlantis", "Mars/Olympus"),
        header=header,
    )
    assert set(Contact.objects.values_list("country", "zone")) == {("DE", "Europe/Berlin"), ("", "")}


def test_a_blank_takes_nothing_away(desk: Desk) -> None:
    desk.load(ADA)
    desk.load(("ada@pumps.example.com", "Augusta", "", "", ""))
    ada = Contact.objects.select_related("account").get()
    assert (ada.first_name, ada.last_name, ada.account and ada.account.industry) == ("Augusta", "Byron", "pumps")


def test_where_an_address_came_from_stays_what_it_was(desk: Desk) -> None:
    ContactFactory(address="ada@pumps.example.com", source="trade_fair", basis="consent")
    desk.load((*ADA, "old-list"), header=(*HEADER, "Source"))
    assert Contact.objects.values_list("source", "basis").get() == ("trade_fair", "consent")


def test_a_person_without_a_company_gets_the_one_that_the_file_names(desk: Desk) -> None:
    ContactFactory(address="ada@pumps.example.com", account=None)
    desk.load(ADA)
    ada = Contact.objects.select_related("account").get()
    assert ada.account
    assert ada.account.name == "Pumps"


def test_importing_twice_adds_nobody_twice(desk: Desk) -> None:
    desk.load(ADA)
    desk.load(ADA)
    assert (Contact.objects.count(), ListRow.objects.count(), Account.objects.count()) == (1, 1, 1)


def test_one_person_in_two_spellings_is_one_person(desk: Desk) -> None:
    desk.load(ADA)
    desk.load(("ADA+x@Pumps.example.com", *ADA[1:]))
    assert desk.people() == {"ada@pumps.example.com"}


def test_a_person_may_be_on_two_lists(desk: Desk) -> None:
    desk.load(ADA)
    other = RecipientListFactory(sequence_version=desk.recipients.sequence_version, author=desk.lena)
    Desk(desk.folder, other, desk.lena).load(ADA)
    assert ListRow.objects.count() == 2
    assert Contact.objects.count() == 1


def test_whoever_may_not_be_written_to_is_not_stored(desk: Desk, stop: Callable[[str], None]) -> None:
    stop("ada@pumps.example.com")
    desk.load(ADA, ("info@pumps.example.com", "I", "", "Pumps", "pumps"), ("b@gmail.com", "B", "", "C", "c"))
    assert not Contact.objects.exists()


def test_a_row_with_a_missing_value_is_stored_and_waits(desk: Desk) -> None:
    desk.load(("ada@pumps.example.com", "", "Byron", "Pumps", "pumps"))
    assert desk.people() == {"ada@pumps.example.com"}


def test_an_opt_out_in_the_file_is_recorded_and_nobody_is_stored(desk: Desk) -> None:
    desk.load((*ADA, "yes"), header=OPT_OUT)
    row = Suppression.objects.get()
    assert (row.reason, row.strength) == (SuppressionReason.IMPORTED, Strength.OPT_OUT)
    assert not Contact.objects.exists()


def test_the_evidence_of_an_opt_out_names_file_and_row(desk: Desk) -> None:
    path = desk.file((*ADA, "yes"), header=OPT_OUT)
    desk.store(path)
    assert Suppression.objects.get().evidence == {"file": opened(path, name="x").digest, "row": 2}


def test_an_opt_out_counts_in_a_row_that_is_otherwise_refused(desk: Desk) -> None:
    rows = [("info@pumps.example.com", "", "", "", "", "yes"), ("b@pumps.example.com", "B\nBcc: x", "", "", "", "yes")]
    desk.load(*rows, header=OPT_OUT)
    assert Suppression.objects.count() == 2


def test_an_opt_out_counts_in_a_row_that_says_nothing_else(desk: Desk) -> None:
    desk.load(("ada@pumps.example.com", "", "", "", "", "yes"), header=OPT_OUT)
    assert Suppression.objects.count() == 1


def test_an_opt_out_is_recorded_once(desk: Desk) -> None:
    for _time in range(2):
        desk.load((*ADA, "yes"), header=OPT_OUT)
    assert Suppression.objects.count() == 1


def test_an_opt_out_is_recorded_for_whom_a_weaker_stop_holds(desk: Desk) -> None:
    dead = suppression.Stop(SuppressionReason.NO_SUCH_ADDRESS)
    suppression.stop_address(parse(ADA[0]), dead, by=desk.lena, at=TUESDAY)
    desk.load((*ADA, "yes"), header=OPT_OUT)
    assert Suppression.objects.filter(reason=SuppressionReason.IMPORTED).exists()


def test_an_import_never_revives_an_opt_out(desk: Desk) -> None:
    desk.load((*ADA, "yes"), header=OPT_OUT)
    desk.load((*ADA, "no"), header=OPT_OUT)
    assert desk.verdict(*ADA)[0] == "suppressed"
    assert not Contact.objects.exists()


def test_an_attempt_to_bring_somebody_back_is_in_the_log(desk: Desk) -> None:
    desk.load((*ADA, "yes"), header=OPT_OUT)
    before = list(Suppression.objects.values())
    desk.load((*ADA, "no", "yes"), header=(*OPT_OUT, "Consent"))
    assert list(Suppression.objects.values()) == before
    (entry,) = AuditEntry.objects.filter(verb="suppression.kept")
    assert (entry.subject, entry.data["row"]) == (f"compliance.suppression:{before[0]['id']}", 2)
    assert "ada" not in str(entry.data).lower()


def test_somebody_whose_stop_was_lifted_is_stopped_again_by_a_file_that_says_so(desk: Desk) -> None:
    dead = suppression.Stop(SuppressionReason.NO_SUCH_ADDRESS)
    lifted(suppression.stop_address(parse(ADA[0]), dead, by=desk.lena, at=TUESDAY))
    desk.load(ADA)
    assert Contact.objects.exists()
    desk.load((*ADA, "yes"), header=OPT_OUT)
    assert Suppression.objects.filter(reason=SuppressionReason.IMPORTED).exists()


@pytest.mark.parametrize("address", ["ada@pumps.example.com", "ada@mail.pumps.example.com", "ada@private.example.org"])
def test_nobody_of_a_stopped_company_is_taken_in(desk: Desk, address: str) -> None:
    account = AccountFactory(domain="pumps.example.com")
    demand = suppression.Stop(SuppressionReason.LEGAL_DEMAND)
    suppression.stop_company(account.key, [account.domain], demand, by=desk.lena, at=TUESDAY)
    desk.load((address, *ADA[1:], "pumps.example.com"), header=(*HEADER, "Website"))
    assert not Contact.objects.exists()


def test_an_opt_out_of_a_known_person_stops_them(desk: Desk) -> None:
    desk.load(ADA)
    desk.load((*ADA, "yes"), header=OPT_OUT)
    assert suppression.stopped_cards([Contact.objects.get().card_id])


def test_a_row_taken_off_the_list_does_not_come_back(desk: Desk) -> None:
    desk.load(ADA)
    ListRow.objects.update(removed_at=TUESDAY)
    desk.load(ADA)
    assert not ListRow.objects.filter(removed_at=None).exists()


def test_the_run_is_recorded_without_cell_contents(desk: Desk) -> None:
    run = desk.load(ADA, ("info@pumps.example.com", "I", "", "", ""))
    assert run.counts == {"new": 1, "role": 1}
    assert run.findings == [{"row": 3, "verdict": "role", "code": "role", "field": "address"}]


def test_the_log_holds_the_counts_once(desk: Desk) -> None:
    desk.load(ADA)
    (entry,) = AuditEntry.objects.filter(verb="sequences.recipientlist.imported")
    assert (entry.data["counts"], entry.actor) == ({"new": 1}, f"user:{desk.lena.pk}")


def test_whoever_imports_is_an_author_of_the_list(desk: Desk) -> None:
    recipients = RecipientListFactory(sequence_version=desk.recipients.sequence_version)
    Desk(desk.folder, recipients, desk.lena).load(ADA)
    assert approval.wrote(recipients, desk.lena)


def test_people_are_not_loaded_under_the_hands_of_the_cro(desk: Desk) -> None:
    recipients = submitted_list(TUESDAY, [ContactFactory()], desk.recipients.sequence_version)
    with pytest.raises(Refused) as refused:
        Desk(desk.folder, recipients, desk.lena).load(ADA)
    assert refused.value.codes == ("list_closed",)


def test_who_may_not_import_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        Desk(desk.folder, desk.recipients, UserFactory(role="content")).load(ADA)
    assert refused.value.codes == ("not_permitted",)


def test_an_import_that_was_killed_is_completed_by_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "CHUNK", 2)
    path = desk.file(*(_person(number) for number in range(5)))
    verdicts = _killed_after(desk.verdicts(path), 3)
    with pytest.raises(KeyboardInterrupt):
        storing.store(verdicts, desk.recipients, opened(path, name="x"), by=desk.lena, at=TUESDAY)
    assert (len(desk.people()), ImportRun.objects.count()) == (2, 0)
    assert desk.store(path).counts == {"unchanged": 2, "new": 3}
    assert Contact.objects.count() == 5


def test_a_list_that_is_submitted_meanwhile_takes_nobody_more(desk: Desk) -> None:
    path = desk.file(ADA)
    verdicts = desk.verdicts(path)
    RecipientList.objects.filter(pk=desk.recipients.pk).update(state=RecipientList.State.SUBMITTED)
    with pytest.raises(Refused):
        storing.store(verdicts, desk.recipients, opened(path, name="x"), by=desk.lena, at=TUESDAY)
    assert not Contact.objects.exists()


def _person(number: int) -> tuple[str, ...]:
    return (f"p{number}@pumps.example.com", f"P{number}", "", "Pumps", "pumps")


def _killed_after(verdicts: list[RowVerdict], count: int) -> Iterator[RowVerdict]:
    yield from verdicts[:count]
    raise KeyboardInterrupt

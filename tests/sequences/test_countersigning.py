"""Somebody else signs what stands signed, when its signer is gone; under every rule of the first signature."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from compliance.acts import Consent, offers, perform
from compliance.refusals import Refused
from sequences import approval, countersigning
from sequences.models import OutboundMessage, SequenceVersion, Signature, TemplateVersion
from tests.cast import TUESDAY
from tests.factories import UserFactory, approved_sequence, having_read, signed_text
from tests.sequences.campaign import message, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

ACTS = {act.arrow: act for act in countersigning.TEXT_ACTS + countersigning.SEQUENCE_ACTS}
LATER = TUESDAY + timedelta(hours=1)
ROLES = {"renew_messaging": "cmo", "renew_narrative": "cro", "renew_loading": "sales_ops", "renew": "cro"}


def gone(step: str) -> None:
    signer = Signature.objects.filter(step=step).latest("pk").signer_id
    User.objects.filter(pk=signer).update(is_active=False)


def renew(row: Any, arrow: str, by: User | None = None, digest: str = "") -> Any:
    who = by or UserFactory(role=ROLES[arrow])
    said = Consent("In her place.", digest or row.digest)
    if isinstance(row, TemplateVersion):
        said = having_read(row, who, LATER, "In her place.", digest)
    return perform(row, ACTS[arrow], by=who, at=LATER, consent=said)


def codes_of(row: Any, arrow: str, by: User | None = None, digest: str = "") -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        renew(row, arrow, by, digest)
    return refused.value.codes


@pytest.mark.parametrize("arrow", ["renew_messaging", "renew_narrative", "renew_loading"])
def test_a_text_is_signed_in_place_of_who_is_gone_and_says_what_it_said(arrow: str) -> None:
    text = signed_text(TUESDAY)
    gone(countersigning.STEPS[arrow])
    after = renew(text, arrow)
    assert (after.state, after.digest) == (TemplateVersion.State.LOADED, text.digest)
    assert Signature.objects.filter(step=countersigning.STEPS[arrow], digest=text.digest).count() == 2


def test_a_sequence_is_signed_in_place_of_who_is_gone() -> None:
    version = approved_sequence(TUESDAY, steps=1)
    gone("sequence")
    assert renew(version, "renew").state == SequenceVersion.State.APPROVED


@pytest.mark.parametrize("arrow", ["renew_messaging", "renew_narrative", "renew_loading"])
def test_a_signature_that_stands_is_not_given_again(arrow: str) -> None:
    assert codes_of(signed_text(TUESDAY), arrow) == ("still_signed",)


def test_only_the_step_of_who_is_gone_is_open() -> None:
    text = signed_text(TUESDAY)
    gone("messaging")
    both = UserFactory(roles=["cmo", "cro", "sales_ops"])
    opened = [offer.act.arrow for offer in offers(text, countersigning.TEXT_ACTS, both) if offer.open]
    assert opened == ["renew_messaging"]


def test_the_author_does_not_sign_in_anybodys_place() -> None:
    text = signed_text(TUESDAY, author=UserFactory(roles=["content", "cmo"]))
    gone("messaging")
    assert "author_signs" in codes_of(text, "renew_messaging", text.author)


def test_who_signed_another_step_does_not_sign_this_one_too() -> None:
    text = signed_text(TUESDAY)
    gone("messaging")
    cro = approval.signers(text).get(step="narrative").signer
    cro.groups.add(UserFactory(role="cmo").groups.get())
    assert codes_of(text, "renew_messaging", User.objects.get(pk=cro.pk)) == ("signed_already",)


def test_who_lacks_the_permission_does_not() -> None:
    text = signed_text(TUESDAY)
    gone("messaging")
    assert codes_of(text, "renew_messaging", UserFactory(role="cro")) == ("not_permitted",)


def test_a_text_that_changed_behind_its_signatures_is_not_signed_again() -> None:
    text = signed_text(TUESDAY)
    gone("messaging")
    TemplateVersion.objects.update(subject="{{ account.name }}: another question")
    assert "changed_since" in codes_of(TemplateVersion.objects.get(), "renew_messaging")
    assert codes_of(text, "renew_messaging", digest="f" * 64) == ("digest_differs",)


def test_what_waited_for_it_goes_at_once() -> None:
    with ScriptedServer() as server:
        under_way(server.port)
        gone("messaging")
        assert play() == {}
        assert (message().state, message().reason) == (OutboundMessage.State.PLANNED, "signer_gone")
        renew(TemplateVersion.objects.get(), "renew_messaging")
        assert play(LATER) == {"accepted": 1}

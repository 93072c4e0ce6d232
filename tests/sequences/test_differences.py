"""What is new since the last approved version: word by word in a text, step by step in a sequence."""

import pytest

from sequences import differences
from sequences.models import SequenceVersion, Step, TemplateVersion
from tests.cast import TUESDAY, WORDING
from tests.factories import TemplateVersionFactory, approved_sequence, drafted_sequence, signed_text

pytestmark = pytest.mark.django_db


def next_version(text: TemplateVersion, **wording: str) -> TemplateVersion:
    said = {"subject": text.subject, "preview": text.preview, "body": text.body, **wording}
    return TemplateVersionFactory(template=text.template, number=text.number + 1, **said)


def pieces(before: str, after: str) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in differences.words(before, after)]


class TestWords:
    def test_come_and_go_where_they_stand(self) -> None:
        assert pieces("the old plan", "the new plan") == [
            ("same", "the "),
            ("gone", "old"),
            ("new", "new"),
            ("same", " plan"),
        ]

    def test_a_link_that_leads_elsewhere_is_seen(self) -> None:
        found = pieces("[Read](https://a.example/x)", "[Read](https://b.example/x)")
        assert [kind for kind, _text in found] == ["gone", "new"]

    @pytest.mark.parametrize("text", ["", "one", "two  blanks\n\nand a line"])
    def test_nothing_is_lost(self, text: str) -> None:
        other = "one two\nthree"
        found = differences.words(text, other)
        assert "".join(one.text for one in found if one.kind != "new") == text
        assert "".join(one.text for one in found if one.kind != "gone") == other


class TestTexts:
    def test_the_first_version_is_all_new(self) -> None:
        found = differences.of_text(signed_text(TUESDAY))
        assert (found.before, found.parts) == (None, [])

    def test_stand_beside_the_last_one_that_was_approved(self) -> None:
        first = signed_text(TUESDAY)
        rejected = next_version(first, subject="Loud!")
        third = next_version(rejected, subject=first.subject, preview="Shorter", body=WORDING["body"])
        found = differences.of_text(third)
        assert found.before == first
        assert [str(changed.part) for changed in found.parts] == ["Preview text"]


class TestSequences:
    def after(self, first: SequenceVersion, texts: list[TemplateVersion], wait: int = 14) -> SequenceVersion:
        version = SequenceVersion.objects.create(
            sequence=first.sequence, number=2, author=first.author, created_at=TUESDAY
        )
        for position, text in enumerate(texts, start=1):
            Step.objects.create(
                version=version, position=position, template_version=text, wait_days=0 if position == 1 else wait
            )
        return version

    def test_the_first_is_all_new(self) -> None:
        (step,) = differences.of_sequence(drafted_sequence(TUESDAY, steps=1))
        assert (step.wait, step.text and step.text.before) == (None, None)

    def test_another_wait_another_text_and_a_step_that_is_gone_are_told(self) -> None:
        first = approved_sequence(TUESDAY, steps=3)
        one, two, _three = (step.template_version for step in first.steps.order_by("position"))
        newer = next_version(two, subject="Other")
        found = differences.of_sequence(self.after(first, [one, newer], wait=21))
        assert [bool(step.wait) for step in found] == [False, True, False]
        texts = [step.text for step in found if step.text]
        assert [text.before for text in texts] == [one, two]
        assert [bool(text.parts) for text in texts] == [False, True]
        assert found[2].gone

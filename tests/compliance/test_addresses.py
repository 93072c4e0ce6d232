"""One address: what is read as one, which spellings mean the same person, and what a fingerprint gives away."""

import re
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance import addresses
from compliance.addresses import AddressError, parse

QUICK = settings(max_examples=150, deadline=None, derandomize=True, database=None)
KEY = bytes(32)

ATOM = "abcxyzABCXYZ0189!#$%&'*/=?^_`{|}~-"
labels = st.from_regex(r"[a-z0-9]([a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
domains = st.builds(
    lambda parts, top: ".".join([*parts, top]), st.lists(labels, min_size=1, max_size=3), st.just("com")
)
words = st.text(ATOM, min_size=1, max_size=12)
plain = st.builds("{}@{}".format, words, domains)


def code_of(text: str) -> str:
    with pytest.raises(AddressError) as refused:
        parse(text)
    return refused.value.code


@QUICK
@given(plain)
def test_what_was_read_once_reads_the_same_again(text: str) -> None:
    assert parse(parse(text).text) == parse(text)


@QUICK
@given(st.text(max_size=60) | st.builds("{}@{}".format, st.text(max_size=12), st.text(max_size=20)))
def test_whatever_is_accepted_is_one_plain_ascii_address(text: str) -> None:
    try:
        found = parse(text).text
    except AddressError:
        return
    assert re.fullmatch(r"[!-?A-~]+@[a-z0-9.-]+", found)


@QUICK
@given(plain)
def test_the_standard_library_reads_every_accepted_address_alike(text: str) -> None:
    assert parseaddr(parse(text).text)[1] == parse(text).text


@QUICK
@given(words, domains, st.text(ATOM, max_size=8))
def test_case_and_tag_reach_the_same_person(local: str, domain: str, tag: str) -> None:
    assert addresses.same_person(f"{local}@{domain}", f"{local.upper()}+{tag}@{domain.upper()}")


@QUICK
@given(plain)
def test_the_widest_spelling_is_among_the_variants(text: str) -> None:
    assert parse(text).canonical in addresses.variants(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "alice@a.org)bob@b.com",
        '"bob@b.com" <alice@a.org>',
        "a@b.com, c@d.com",
        "a@b.com;c@d.com",
        "<<a@b.com>>",
        "<a@b.com>",
        "a@b@c.com",
        "a@@b.com",
        '"a b"@b.com',
        '"a@b"@c.com',
        "a(comment)@b.com",
        "a@(comment)b.com",
        "mailto:a@b.com",
        "a@b.com\r\nBcc: c@d.com",
        "a@b.com\0",
        "a b@c.com",
        "a@b .com",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        "a@b",
        "a@b.com.",
        "a@.b.com",
        "a@b..com",
        ".a@b.com",
        "a.@b.com",
        "a..b@c.com",
        "a@-b.com",
        "a@b-.com",
        "a@b_c.com",
        "a@b.1",
        "@b.com",
        "a@",
        "@",
        "",
        "a%b.com",
        "a" * 65 + "@b.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b.c" * 90 + ".com",
        "a@xn--.com",
    ],
)
def test_what_two_parsers_might_read_differently_is_refused(text: str) -> None:
    assert code_of(text) == "invalid_address"


@pytest.mark.parametrize(
    "text",
    [
        "bob\uff20example.com",
        "bo\u200bb@example.com",
        "b\u043eb@example.com",
        "bob@\u0430pple.com",
        "bob@xn--pple-43d.com",
        "bob@XN--PPLE-43D.com",
        "bob@xn--strae-oqa.xn--pple-43d.com",
        "bob@mail.xn--pple-43d.com",
        "bob@ex\u00adample.com",
        "bob@\uff45xample.com",
        "bob@example\u3002com",
        "bob@\u202eexample.com",
        "bob@exampl\u0435.com",
    ],
)
def test_letters_that_imitate_others_are_told_apart(text: str) -> None:
    assert code_of(text) == "look_alike"


@pytest.mark.parametrize("text", ["bob@m\u00fcller.de", "bob@mu\u0308ller.de", "bob@xn--mller-kva.de"])
def test_an_umlaut_is_no_look_alike_however_it_is_typed(text: str) -> None:
    assert parse(text).domain == "xn--mller-kva.de"


def test_a_prefix_inside_a_label_hides_nothing() -> None:
    assert parse("bob@my-xn--shop.com").domain == "my-xn--shop.com"


def test_the_local_part_is_sent_as_it_was_given() -> None:
    assert parse("  Jo.Hn+X@Example.COM\n").text == "Jo.Hn+X@example.com"


def test_a_long_word_is_refused_quickly() -> None:
    assert code_of("a@" + "xn--" + "b" * 500_000 + ".com") == "invalid_address"


@pytest.mark.parametrize(
    "other", ["john@gmail.com", "john+y@gmail.com", "j.o.h.n@googlemail.com", "JOHN@GMAIL.COM", "jo.hn@gmail.com"]
)
def test_every_spelling_at_gmail_is_one_person(other: str) -> None:
    assert addresses.same_person("Jo.Hn+x@GoogleMail.com", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jo-hn@example.com", "john@example.com"),
        ("jo-hn@example.com", "jo@example.com"),
        ("jo.hn@example.com", "john@example.com"),
        ("john@example.com", "john@example.org"),
        ("john@example.com", "john@mail.example.com"),
        ("nonsense", "john@example.com"),
    ],
)
def test_other_people_stay_other_people(one: str, other: str) -> None:
    assert not addresses.same_person(one, other)


def test_two_unreadable_texts_are_the_same_when_they_say_the_same() -> None:
    assert addresses.same_person(" Nobody ", "nobody")
    assert not addresses.same_person("", "")


def test_a_tag_alone_is_a_name() -> None:
    assert parse("+tag@example.com").base_local == "+tag"


def test_both_readings_of_a_domain_are_variants() -> None:
    assert {"bob@xn--strae-oqa.de", "bob@strasse.de", "@strasse.de", "@xn--strae-oqa.de"} <= addresses.variants(
        parse("bob@stra\u00dfe.de")
    )


def test_every_parent_domain_is_a_variant_but_the_last_label() -> None:
    assert addresses.domain_variants("a.b.example.com") == {"@a.b.example.com", "@b.example.com", "@example.com"}


def test_gmail_has_two_names() -> None:
    assert addresses.domain_variants("gmail.com") == addresses.domain_variants("googlemail.com")


@pytest.mark.parametrize("text", ["Stra\u00dfe.DE", "@stra\u00dfe.de", " xn--strae-oqa.de "])
def test_a_domain_is_read_like_the_domain_of_an_address(text: str) -> None:
    assert addresses.parse_domain(text) == "xn--strae-oqa.de"


@pytest.mark.parametrize("text", ["com", "bob@example.com", "", "example.com.", "a b.com"])
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        addresses.parse_domain(text)


@QUICK
@given(plain, plain)
def test_a_fingerprint_is_the_same_for_equal_texts_only(one: str, other: str) -> None:
    assert (addresses.fingerprint(one, KEY) == addresses.fingerprint(other, KEY)) == (one == other)


def test_a_fingerprint_without_the_key_cannot_be_guessed() -> None:
    assert addresses.fingerprint("bob@example.com", KEY) != addresses.fingerprint("bob@example.com", b"\1" * 32)


@pytest.mark.parametrize(("text", "shown"), [("john@example.org", "j…@example.org"), ("j@x.de", "j…@x.de"), ("", "…@")])
def test_an_address_is_masked_but_for_its_first_letter(text: str, shown: str) -> None:
    assert addresses.masked(text) == shown


def test_an_error_does_not_repeat_a_whole_file() -> None:
    with pytest.raises(AddressError) as refused:
        parse("a" * 10_000)
    assert len(str(refused.value)) < 120

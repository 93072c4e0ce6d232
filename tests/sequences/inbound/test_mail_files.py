"""Raw mails are found in files, folders and mboxes, each octet of them (RFC 4155)."""

from pathlib import Path

import pytest

from sequences.inbound.mail_files import files, mails

BORDER = b"From ada@customer.example Tue Nov 17 09:12:00 2026\n"
ONE, OTHER = b"Subject: one\n\nFrom here on it rains.\n\nFrom now on 09:12 too.\n", b"Subject: other\n\nText\n"


def read(tmp_path: Path, content: bytes) -> list[tuple[str, bytes]]:
    path = tmp_path / "file"
    path.write_bytes(content)
    return [(name.removeprefix(str(path)), raw) for name, raw in mails(path)]


def test_a_file_is_one_mail(tmp_path: Path) -> None:
    assert read(tmp_path, ONE) == [("", ONE)]


def test_an_mbox_holds_several(tmp_path: Path) -> None:
    assert read(tmp_path, BORDER + ONE + b"\n" + BORDER + OTHER + b"\n") == [("#1", ONE), ("#2", OTHER)]


def test_one_mail_in_an_mbox_has_the_name_of_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, BORDER + ONE) == [("", ONE)]


def test_a_file_that_is_named_as_one_mail_is_one(tmp_path: Path) -> None:
    (tmp_path / "one.EML").write_bytes(BORDER + ONE + b"\n" + BORDER + OTHER)
    assert len(list(mails(tmp_path / "one.EML"))) == 1


def test_what_was_quoted_for_the_mbox_is_as_it_was(tmp_path: Path) -> None:
    raw = ONE.replace(b"\nFrom", b"\n>From")
    assert read(tmp_path, BORDER + raw) == [("", ONE)]


@pytest.mark.parametrize("content", [b"", b"\n", b"From ", BORDER, b"\0\xff", b"From x\r\n\r\n"])
def test_an_odd_file_is_one_mail(tmp_path: Path, content: bytes) -> None:
    assert len(read(tmp_path, content)) == 1


def test_line_ends_of_the_net_are_kept(tmp_path: Path) -> None:
    crlf = [part.replace(b"\n", b"\r\n") for part in (BORDER, ONE, b"\n", BORDER, OTHER)]
    assert [raw for _name, raw in read(tmp_path, b"".join(crlf))] == [crlf[1], crlf[4]]


def test_a_folder_holds_its_files_and_those_below_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", "new/c", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert files(str(tmp_path)) == [tmp_path / "a", tmp_path / "b", tmp_path / "new" / "c"]


def test_a_name_that_leads_nowhere_is_found_out_on_reading(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(mails(tmp_path / "nowhere"))

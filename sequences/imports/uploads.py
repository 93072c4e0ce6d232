"""Decides where an uploaded file waits between its preview and the confirmation, and for whom.

The session of the person who uploaded it names it, so nobody else can confirm or see it; a session keeps one at a
time. The place itself is django-import-export's temporary storage.
"""

from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.module_loading import import_string
from import_export.tmp_storages import BaseStorage, TempFolderStorage

from sequences.imports.cells import Limits
from sequences.imports.files import RecipientFile, opened

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 10_000
_LIMITS = Limits(rows=MOST_ROWS)
_KEY = "sequences.imports.upload"

Session = MutableMapping[str, Any]


class NoUpload(LookupError):
    """Nothing waits in this session for this list any more."""


def looked_at(upload: UploadedFile, told: Mapping[str, Any]) -> RecipientFile:
    """An upload as it arrives. Raises ImportFileError."""
    upload.seek(0)
    return _opened(upload.read(), {"name": upload.name or "", **told})


def keep(session: Session, recipients: int, upload: UploadedFile, told: Mapping[str, Any]) -> None:
    """Put an upload aside for this list, with what was told of it: preset, overrides, basis."""
    drop(session)
    upload.seek(0)
    place = _storage(None)
    place.save(upload.read())
    session[_KEY] = {"list": recipients, "place": place.name, "name": upload.name or "", **told}


def kept(session: Session, recipients: int) -> tuple[RecipientFile, str]:
    """The file that waits for this list, and the legal basis told for silent rows. Raises NoUpload."""
    told = session.get(_KEY)
    if not told or told["list"] != recipients:
        raise NoUpload
    try:
        content = _storage(told["place"]).read()
    except OSError as error:
        raise NoUpload from error
    if not content:
        raise NoUpload
    return _opened(content, told), str(told["basis"])


def drop(session: Session) -> None:
    """Forget what waits, and delete it."""
    if told := session.pop(_KEY, None):
        with suppress(OSError):
            _storage(told["place"]).remove()


def _opened(content: bytes, told: Mapping[str, Any]) -> RecipientFile:
    name, overrides = str(told["name"]), dict(told["overrides"])
    return opened(BytesIO(content), name=name, preset=str(told["preset"]), overrides=overrides, limits=_LIMITS)


def _storage(name: str | None) -> BaseStorage:
    chosen: Any = getattr(settings, "IMPORT_EXPORT_TMP_STORAGE_CLASS", TempFolderStorage)
    kind = import_string(chosen) if isinstance(chosen, str) else chosen
    return kind(name=name, read_mode="rb")

"""Shows who signed a row, what for, and whether the signature is on what the row says now."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance.admin_pages import Panel, name_of
from sequences import approval


def panel(row: Any) -> Panel:
    """The signatures on a row, oldest first."""
    found = approval.signers(row).select_related("signer")
    signed = [
        {
            "step": signature.get_step_display(),
            "who": name_of(signature.signer),
            "at": signature.at,
            "comment": signature.comment,
            "digest": signature.digest,
            "holds": signature.digest == row.digest,
        }
        for signature in found
    ]
    return Panel(_("Signatures"), "sequences/signatures.html", {"signatures": signed, "digest": row.digest})

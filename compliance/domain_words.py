"""Decides how findings about a sending domain are said to people: what it is, and what to do about it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from compliance.findings import Weight


class Said(NamedTuple):
    """What was found, and what mends it; nothing where nothing has to be done."""

    what: Any
    remedy: Any = ""


_ASK_PROVIDER = _("Take the record from the pages of your mail provider, as it is there, and publish it at this name.")
_ONE_SPF = _("Leave one TXT record that begins with v=spf1, and put every sender into it.")
_FEWER = _("Take out the include of every service that no longer sends for you; ask those that stay for a short one.")

_WORDS: Mapping[str, Said] = {
    "dns_silent": Said(
        _("DNS did not answer"),
        _("Nothing is held against the domain for it. If it lasts, look at the nameservers of the domain and at ours."),
    ),
    "name_unusable": Said(_("No name that DNS could be asked for"), _("Look at the address of the mailbox.")),
    "domain_missing": Said(
        _("There is no such domain"), _("Look at its spelling in the mailbox, and whether it is still registered.")
    ),
    "spf_good": Said(_("SPF: one record, and it lets somebody send")),
    "spf_missing": Said(_("SPF: there is no record"), _ASK_PROVIDER),
    "spf_several": Said(_("SPF: there is more than one record, and so there is none"), _ONE_SPF),
    "spf_malformed": Said(_("SPF: the record cannot be read"), _("Look at what is spelled wrongly, and mend it.")),
    "spf_leads_nowhere": Said(
        _("SPF: the record leads to a domain that has none, or more than one"),
        _("Take that include or redirect out, or mend its spelling."),
    ),
    "spf_too_many_lookups": Said(_("SPF: following it takes more than ten questions, and receivers give up"), _FEWER),
    "spf_too_many_void": Said(
        _("SPF: more than two of its names do not exist, and receivers give up"),
        _("Take out the names that no longer exist."),
    ),
    "spf_passes_everybody": Said(
        _("SPF: it lets everybody in the world send in your name"),
        _("End it with -all or ~all, and name your own senders before."),
    ),
    "spf_permits_nobody": Said(
        _("SPF: it lets nobody send"), _("Name the servers that send for you, before -all or ~all.")
    ),
    "dkim_good": Said(_("DKIM: the key is there")),
    "dkim_not_told": Said(
        _("DKIM: nobody has said which key the provider signs with, so it is not looked at"),
        _("Write the selector above: it stands as s= in the DKIM-Signature of a message that you have sent."),
    ),
    "dkim_missing": Said(_("DKIM: there is no key at this selector"), _ASK_PROVIDER),
    "dkim_several": Said(_("DKIM: there is more than one record at this selector"), _("Leave the one that is in use.")),
    "dkim_malformed": Said(_("DKIM: the key cannot be read"), _ASK_PROVIDER),
    "dkim_revoked": Said(
        _("DKIM: the key is revoked"), _("Have the provider sign with another selector, and name that one above.")
    ),
    "dkim_weak": Said(_("DKIM: the key is shorter than 1024 bits"), _("Have the provider make one of 2048 bits.")),
    "dkim_short": Said(_("DKIM: the key is shorter than 2048 bits"), _("Have the provider make one of 2048 bits.")),
    "dkim_on_trial": Said(
        _("DKIM: the key is marked as being tried out (t=y)"), _("Take t=y out once signatures are right.")
    ),
    "dmarc_good": Said(_("DMARC: there is a policy")),
    "dmarc_of_parent": Said(
        _("DMARC: there is a policy of the domain above"), _("A record of its own is found by every receiver.")
    ),
    "dmarc_missing": Said(
        _("DMARC: there is no policy"), _("Publish v=DMARC1; p=none; rua=mailto:… as a TXT record at this name.")
    ),
    "dmarc_several": Said(_("DMARC: there is more than one policy, and so there is none"), _("Leave one.")),
    "dmarc_malformed": Said(_("DMARC: the policy cannot be read"), _("It needs p=none, p=quarantine or p=reject.")),
    "dmarc_without_reports": Said(
        _("DMARC: the policy asks for nothing, and nobody is told who sends in your name"),
        _("Add rua=mailto:… with an address that is read, or ask for more than p=none."),
    ),
    "mx_good": Said(_("Replies: there is a server that takes them")),
    "mx_implied": Said(
        _("Replies: no MX record; they go to the address of the domain itself"),
        _("Publish an MX record that names the server."),
    ),
    "mx_missing": Said(_("Replies: no server takes them"), _("Publish the MX records that your provider names.")),
    "mx_null": Said(
        _("Replies: the domain says that it takes no mail"),
        _("Write from a domain that takes replies."),
    ),
    "mx_leads_nowhere": Said(
        _("Replies: the servers named for them have no address"), _("Look at the spelling of the MX records.")
    ),
}
_TONES = {Weight.GOOD: "good", Weight.NOTE: "info", Weight.FAILS: "bad", Weight.SILENT: "wait"}
_WEIGHTS = {
    Weight.GOOD: _("good"),
    Weight.NOTE: _("worth knowing"),
    Weight.FAILS: _("fails"),
    Weight.SILENT: _("no answer"),
}


def say(finding: Mapping[str, str]) -> dict[str, Any]:
    """A kept finding as it is shown; what a later version found and this one does not know is shown by its code."""
    weight, said = Weight(finding["weight"]), _WORDS.get(finding["code"], Said(finding["code"]))
    return {
        "what": str(said.what),
        "remedy": str(said.remedy),
        "name": finding["name"],
        "found": finding["found"],
        "tone": _TONES[weight],
        "weight": str(_WEIGHTS[weight]),
    }


def codes() -> Mapping[str, Said]:
    """Every code that has words."""
    return _WORDS

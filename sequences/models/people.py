"""Companies and the people at them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models import AddressCard


class Account(models.Model):
    """A company. `domain` is what joins two spellings of its name."""

    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("domain"), max_length=253, blank=True)
    industry = models.CharField(_("industry"), max_length=120, blank=True)
    ecosystem = models.CharField(_("ecosystem"), max_length=120, blank=True)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="merged",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("is"),
    )

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        permissions: ClassVar = [("merge_account", _("Can say that two companies are one"))]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["domain"], name="one_account_per_domain", condition=~models.Q(domain="")),
            models.UniqueConstraint(fields=["name"], name="one_account_per_bare_name", condition=models.Q(domain="")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The account as caps, stops and locks name it: the one it turned out to be."""
        return company_key(self.pk, self.merged_into_id)


def company_key(account: int, merged_into: int | None) -> str:
    """The same of an account whose row is not at hand."""
    return f"account:{merged_into or account}"


class Contact(models.Model):
    """A person at an account, with the address as it is written to and the card that stops are found by."""

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="contacts", null=True, blank=True, verbose_name=_("account")
    )
    card = models.OneToOneField(AddressCard, on_delete=models.PROTECT, related_name="+", verbose_name=_("address card"))
    address = models.EmailField(_("address"), max_length=254)
    first_name = models.CharField(_("first name"), max_length=120, blank=True)
    last_name = models.CharField(_("last name"), max_length=120, blank=True)
    title = models.CharField(_("job title"), max_length=160, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166, two letters."))
    city = models.CharField(_("city"), max_length=120, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("IANA name, Europe/Berlin."))
    source = models.CharField(_("source"), max_length=120, blank=True)
    basis = models.CharField(_("legal basis"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("since"))
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="merged",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("is"),
    )
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        permissions: ClassVar = [
            ("import_contact", _("Can import contacts")),
            ("merge_contact", _("Can say that two contacts are one person")),
            ("erase_contact", _("Can erase a person")),
        ]
        indexes: ClassVar = [models.Index(fields=["address"], name="contact_by_address")]

    def __str__(self) -> str:
        name = f"{self.first_name} {self.last_name}".strip()
        if self.erased_at and not self.address:
            return str(_("somebody who was erased (%(key)s)") % {"key": self.pk})
        return f"{name} <{self.address}>" if name else self.address

    @property
    def company(self) -> str:
        """Their account as caps, stops and locks name it; empty without one."""
        return self.account.key if self.account else ""

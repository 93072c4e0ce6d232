"""Who may have asked us to stop: opaque person keys and address cards that hold digests, never addresses."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class PersonKey(models.Model):
    """A person, known by nothing but this key. `merged_into` names the person they turned out to be.

    `replayed_at` says that a journal has merged or split them, and that no upper floor has followed yet.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("since"))
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="absorbed", null=True, editable=False, verbose_name=_("is now")
    )

    replayed_at = models.DateTimeField(_("taken back from the journal"), null=True, editable=False)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        indexes: ClassVar = [
            models.Index(fields=["id"], name="persons_to_follow", condition=models.Q(replayed_at__isnull=False))
        ]

    def __str__(self) -> str:
        return str(self.id)[:8]


class CompanyKey(models.Model):
    """A company that turned out to be another one, by the opaque keys that upper floors give them."""

    key = models.CharField(_("key"), max_length=40, primary_key=True)
    merged_into = models.CharField(_("is now"), max_length=40, db_index=True)
    merged_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")

    def __str__(self) -> str:
        return f"{self.key} → {self.merged_into}"


class AddressCard(models.Model):
    """One address of a person: the row that clearance and every kind of stop lock (in order of `digest`)."""

    person = models.ForeignKey(PersonKey, on_delete=models.PROTECT, related_name="cards", verbose_name=_("person"))
    digest = models.CharField(_("digest of the widest spelling"), max_length=32, unique=True)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("address card")
        verbose_name_plural = _("address cards")

    def __str__(self) -> str:
        return self.digest[:8]


class AddressSkeleton(models.Model):
    """What a card's address looks like, as a digest under one key version: a stop is recorded under it as well.

    Not among the digests of spellings: plain addresses that share a skeleton are different people.
    """

    card = models.ForeignKey(AddressCard, on_delete=models.CASCADE, related_name="skeletons", verbose_name=_("card"))
    key_version = models.PositiveSmallIntegerField(_("key version"))
    digest = models.CharField(_("digest"), max_length=32)

    class Meta:
        verbose_name = _("address skeleton")
        verbose_name_plural = _("address skeletons")
        constraints: ClassVar = [models.UniqueConstraint(fields=["card", "digest"], name="one_skeleton_per_card")]

    def __str__(self) -> str:
        return self.digest[:8]


class AddressDigest(models.Model):
    """The digest of one spelling of a card's address under one key version; stops are found by joining on it."""

    card = models.ForeignKey(AddressCard, on_delete=models.CASCADE, related_name="digests", verbose_name=_("card"))
    whole_domain = models.BooleanField(_("spelling of the domain alone"), default=False)
    key_version = models.PositiveSmallIntegerField(_("key version"))
    digest = models.CharField(_("digest"), max_length=32)

    class Meta:
        verbose_name = _("address digest")
        verbose_name_plural = _("address digests")
        constraints: ClassVar = [models.UniqueConstraint(fields=["card", "digest"], name="one_digest_per_card")]
        indexes: ClassVar = [models.Index(fields=["digest"], name="card_by_digest")]

    def __str__(self) -> str:
        return self.digest[:8]

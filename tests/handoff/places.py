"""Every place where a second factor is asked for: who acts, what is sent where, how one sees that it was done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from compliance import arming, clock, halts, heartbeats, lifting
from compliance.acts import Consent
from compliance.heartbeats import Kind as Sign
from compliance.models import Halt, Heartbeat, Lift, SuppressionReason
from sequences.models import Mailbox
from tests.cast import PASSWORD, TUESDAY
from tests.compliance.asking import opted_in, stop
from tests.desk import act_url, page, token_shown
from tests.factories import ContactFactory, MailboxFactory, UserFactory, armed, submitted_list, submitted_text


@dataclass(frozen=True)
class Place:
    """Where something is done: who may do it, what is sent where, and how one sees that it was done.

    `reads` is the row and the arrow of an act before which something has to be read.
    """

    role: str
    url: str
    form: dict[str, Any]
    done: Callable[[], bool]
    reads: tuple[Model, str] | None = None

    def filled(self, client: Client) -> dict[str, Any]:
        """The form as somebody sends it who has read what was to be read."""
        return self.form | ({"token": token_shown(client, *self.reads)} if self.reads else {})


def approve() -> Place:
    text = submitted_text(TUESDAY)
    form = {"digest": text.digest, "comment": "Good."}
    return Place(
        "cmo",
        act_url(text, "approve_messaging"),
        form,
        lambda: _state(text) == "messaging_approved",
        (text, "approve_messaging"),
    )


def _sign() -> Place:
    MailboxFactory()
    row = submitted_list(TUESDAY, [ContactFactory()])
    form = {"digest": row.digest, "comment": "Ours."}
    return Place("cro", act_url(row, "sign"), form, lambda: _state(row) == "running", (row, "sign"))


def _ask_start() -> Place:
    row = halts.place(halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "Odd.", by=UserFactory(role="rep"), at=TUESDAY)
    form = {"comment": "Mended."}
    return Place("cro", act_url(row, "ask_start"), form, lambda: _state(row) == "start_asked")


def _confirm_start() -> Place:
    row = halts.place(halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "Odd.", by=UserFactory(role="rep"), at=TUESDAY)
    row = halts.ask_start(row, by=UserFactory(role="cmo"), at=TUESDAY, consent=Consent("Mended."))
    return Place("cro", act_url(row, "confirm_start"), {"comment": "Yes."}, lambda: _state(row) == "lifted")


def _arm() -> Place:
    row = armed()
    arming.disarm(row, by=UserFactory(is_superuser=True), at=TUESDAY, consent=Consent("A copy?"))
    return Place("legal", act_url(row, "arm"), {"comment": "Ours."}, lambda: _state(row) == "armed")


def _mailbox_start() -> Place:
    row = MailboxFactory(state=Mailbox.State.STOPPED)
    return Place("sales_ops", act_url(row, "start"), {"comment": "Mended."}, lambda: _state(row) == "active")


def _retire() -> Place:
    heartbeats.beat(Sign.WEB_HOST, "web-1", at=clock.lease_clock() - timedelta(hours=1))
    url = reverse("admin:compliance_heartbeat_retire", args=[Heartbeat.objects.get().pk])
    return Place("legal", url, {"comment": "Sold."}, lambda: not list(heartbeats.owed(Sign.WEB_HOST)))


def _lift_confirm() -> Place:
    suppression = stop()
    row = lifting.ask(suppression, opted_in(), "Wrote in.", by=UserFactory(role="sales_ops"), at=TUESDAY)
    return Place("legal", act_url(row, "confirm"), {"comment": "Seen."}, lambda: _state(row) == "confirmed")


def _lift_alone() -> Place:
    row = stop(reason=SuppressionReason.NO_SUCH_ADDRESS)
    url = f"{page(Lift, 'add')}?stop={row.pk}"
    return Place("sales_ops", url, {"stop": str(row.pk), "reason": "Settled."}, lambda: Lift.objects.exists())


def mailbox_add() -> Place:
    form = {"address": "rick@ours.example.com", "name": "Rick", "host": "mail.example.com", "port": "587"}
    form |= {"security": "starttls", "provider": "google", "username": "rick", "password": "t0p s3cret"}
    return Place("sales_ops", page(Mailbox, "add"), form, lambda: Mailbox.objects.filter(host=form["host"]).exists())


def user_add() -> Place:
    form = {"username": "tom", "email": "", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    return Place("root", page(User, "add"), form, lambda: User.objects.filter(username="tom").exists())


def _user_change() -> Place:
    user = UserFactory(role="rep")
    form = {"username": "tom", "first_name": "", "last_name": "", "email": "", "is_active": "on", "is_superuser": "on"}
    url = reverse("admin:auth_user_change", args=[user.pk])
    return Place("root", url, form, lambda: User.objects.get(pk=user.pk).is_superuser)


def _password_for_another() -> Place:
    user = UserFactory(role="rep")
    new = "another horse, another battery"
    form = {"usable_password": "true", "password1": new, "password2": new}
    url = reverse("admin:auth_user_password_change", args=[user.pk])
    return Place("root", url, form, lambda: User.objects.get(pk=user.pk).check_password(new))


def _password_of_ones_own() -> Place:
    new = "another horse, another battery"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    last = User.objects.order_by("-pk")
    return Place("rep", reverse("admin:password_change"), form, lambda: last[0].check_password(new))


PLACES = (
    *(approve, _sign, _ask_start, _confirm_start, _arm, _mailbox_start, _retire, _lift_confirm, _lift_alone),
    *(mailbox_add, user_add, _user_change, _password_for_another, _password_of_ones_own),
)


def _state(row: Any) -> str:
    return str(type(row)._default_manager.get(pk=row.pk).state)

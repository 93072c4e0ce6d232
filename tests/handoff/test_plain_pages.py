"""Whoever asks for what is not theirs, or not there, reads why in plain words, with a way back."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_a_page_that_a_role_may_not_see_says_so_and_leads_back(client: Client) -> None:
    client.force_login(UserFactory(role="sales_ops"))
    answer = client.get("/admin/compliance/earlieroptouts/add/")
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "This is not yours to do" in page
    assert f'href="{reverse("admin:index")}"' in page


def test_an_address_that_leads_nowhere_says_so_to_anybody_and_names_no_other_page(client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "There is no such page" in page
    assert "/admin/" not in page

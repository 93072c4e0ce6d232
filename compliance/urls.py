"""The public addresses, so that they can be reversed; `PublicDoor` answers them before routing."""

from django.urls import path

from compliance.views import unsubscribe

app_name = "compliance"
urlpatterns = [path("u/<str:token>", unsubscribe, name="unsubscribe")]

"""Which address of this floor answers whom: mail providers, who bring a secret."""

from django.urls import path

from sequences.inbound.webhooks import receive

app_name = "sequences"
urlpatterns = [path("webhooks/<path:path>", receive, name="webhook")]

"""The server entry. Every process that serves pages also looks after the opt-outs it had to put on disk."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")

application = get_wsgi_application()

# Not before Django is set up: the keeper speaks to the database.
from compliance import attending, keeper  # noqa: E402
from handoff import memory  # noqa: E402

keeper.start()
attending.start()
memory.settle()

"""All settings on one page; installations differ only by environment variables (see .env.example)."""

import zoneinfo
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from handoff.config import brokers, browser, logs, look, sign_in
from handoff.config.environment import Environment, servers, versioned_keys

ROOT = Path(__file__).resolve().parents[2]
env = Environment()
env.read_env(ROOT / ".env")

# --- the installation -------------------------------------------------------------------------------------------------
SECRET_KEY: str = env.str("SECRET_KEY")
DEBUG: bool = env.bool("DEBUG", False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HANDOFF_KEYS = versioned_keys(env.str("HANDOFF_KEYS"))
PUBLIC_URL: str = env.str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
INBOUND_DOMAIN: str = env.str("INBOUND_DOMAIN", "")
SMALL_TEAM: bool = env.bool("HANDOFF_SMALL_TEAM", False)
# What those who installed it call this build: a tag, a commit, an image. The log keeps it beside a digest of the code.
BUILD: str = env.str("HANDOFF_BUILD", "")
LEASE_SECONDS: int = env.int("HANDOFF_LEASE_SECONDS", 900)
DOOR_SECONDS: int = env.int("HANDOFF_DOOR_SECONDS", 20)
# The command by which a relay on this machine drops one queued message, for instance: postsuper -d {queue_id}
RELAY_RECALL: str = env.str("HANDOFF_RELAY_RECALL", "")
# Who is asked about the records of sending domains: address:port, separated by commas; empty: whom this machine asks.
DNS_SERVERS = servers(env.str("HANDOFF_DNS", ""))
# What must outlive the database: the journal of stops, opt-outs spooled while it was away, the kill switch of a host.
STATE_DIR = Path(env.str("HANDOFF_STATE_DIR", str(ROOT / "var" / "state")))

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "import_export",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "anymail",
    "compliance",
    "sequences",
    "handoff",
]
MIDDLEWARE = [
    "compliance.views.PublicDoor",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "compliance.watching.Watching",
    "handoff.doorman.Doorman",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "handoff.config.urls"
WSGI_APPLICATION = "handoff.config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "compliance.admin_halts.kill_switch",
            ]
        },
    }
]

# --- data -------------------------------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url("DATABASE_URL", f"sqlite:///{ROOT / 'handoff.sqlite3'}")}
DATABASES["default"]["ATOMIC_REQUESTS"] = False
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        # Without recursive triggers INSERT OR REPLACE would rewrite the ledger unseen by the triggers that keep it.
        # Secure delete: what an erasure empties must not stay in pages that are free again.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; "
        "PRAGMA secure_delete=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)
    # Where tables have not been analysed yet, the planner fears millions of rows and compiles the door's questions for
    # half a second each before it answers them in milliseconds.
    DATABASES["default"]["OPTIONS"].setdefault("options", "-c jit=off")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Codes that were used and failed sign-ins have to be known to every process on every host, with a broker or without.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "handoff_cache"}}

# --- what is decided, in which order ----------------------------------------------------------------------------------
PLAYBOOK_CHECK = "handoff.playbook_sense.faults"  # what a playbook has to say, before anybody signs it
# The whole policy of sending, asked alike by import preview, list signature, planner and the final clearance.
CLEARANCE_RULES = [
    "compliance.rules_standing.NotHalted",
    "compliance.rules_standing.Armed",
    "compliance.rules_standing.EarlierOptOutsAreKnown",
    "compliance.rules_standing.OptOutsAreIn",
    "compliance.rules_standing.UnsubscribeWorks",
    "compliance.rules_standing.SendingDomainPasses",
    "compliance.rules_standing.InboxIsRead",
    "compliance.rules.NotSuppressed",
    "compliance.rules.NotHeld",
    "compliance.rules.MayBeAddressed",
    "compliance.rules.HasLegalBasis",
    "sequences.rules_breakers.BreakersHold",
    "sequences.rules.MailboxRuns",
    "sequences.rules.EnrollmentIsOpen",
    "sequences.rules_replay.NotSentBefore",
    "handoff.eligibility.StageFits",
    "sequences.rules.WordingIsSigned",
    "sequences.rules.SequenceIsSigned",
    "sequences.rules_rows.RowIsSigned",
    "sequences.rules.ValuesPresent",
    "sequences.rules.WithinWindow",
    "compliance.rules_caps.PersonCap",
    "compliance.rules_caps.AccountCap",
    "compliance.rules_caps.RecipientDomainCap",
    "compliance.rules_caps.MailboxCap",
    "compliance.rules_caps.MailboxMinuteCap",
    "compliance.rules_caps.NewPeopleCap",
]
# What must never be, asked every quarter of an hour and by `manage.py invariants`; the order is that of the page.
INVARIANTS = [
    "compliance.invariants.SENDS_AFTER_STOP",
    "compliance.invariants.PERMITTED_WHILE_HELD",
    "sequences.invariants.CLEARED_TWICE",
    "compliance.invariants.EVERY_PERMISSION_COUNTS",
    "sequences.invariants.SENT_WITHOUT_CLEARANCE",
    "sequences.invariants.SENT_WITHOUT_SIGNATURES",
    "sequences.invariants.CHANGED_AFTER_SIGNING",
    "sequences.invariants.SIGNED_BY_AUTHOR",
    "sequences.invariants.UNKNOWN_STATES",
    "sequences.invariants.MESSAGES_GONE",
    "sequences.invariants.RESULTS_THAT_DIFFER",
    "sequences.invariants.ATTEMPTS_NOT_RECORDED",
    "sequences.invariants.STRANDED",
    "sequences.invariants.DOUBT_SENT_AGAIN",
    "sequences.invariants.RESENT_WITHOUT_A_REASON",
    "compliance.invariants.PERMITTED_AGAINST_A_RULE",
    "compliance.invariants.STOPS_THAT_MATCH_NOBODY",
    "sequences.invariants.CONTACTS_WITHOUT_DIGESTS",
    "compliance.invariants.PASSED_A_HALT",
    "sequences.invariants.PASSED_A_HALTED_LIST",
    "compliance.invariants.STARTED_BY_ONE",
    "compliance.invariants.LIFTED_BY_ONE",
    "compliance.invariants.SEALS_MISSING",
    "sequences.invariants.IN_TWO_SEQUENCES",
    "handoff.invariants.BROKEN_LADDER",
    "handoff.invariants.WITHOUT_GROUNDS",
    "handoff.invariants.OWNED_BY_NOBODY",
    "handoff.invariants.ASKED_OF_NOBODY",
    "handoff.invariants.STANDS_FOR_NOBODY",
    "handoff.invariants.OFFERS_OVERDUE",
]
# The timetable of the whole system: name, verb, seconds between two rounds. The loop, `tick` and Celery beat read it.
ROUNDS: list[tuple[str, str, float]] = [
    ("builds", "compliance.builds.build_round", 60),
    ("seal", "compliance.sealer.seal_round", 2),
    ("heads", "handoff.heads.head_round", 600),
    ("follow", "compliance.following.following_round", 5),
    ("journal", "compliance.journaling.journal_round", 5),
    ("recover", "sequences.sender.recover_round", 5),
    ("replay", "sequences.replaying.replay_round", 5),
    ("fetch", "sequences.inbound.imap.fetch_round", 5),
    ("reports", "sequences.inbound.reports.report_round", 60),
    ("route", "sequences.router.route_round", 2),
    ("exits", "sequences.enrollment.exit_round", 5),
    ("pauses", "sequences.pauses.pause_round", 5),
    ("erasures", "sequences.erasing.erase_round", 60),
    ("plan", "sequences.planner.plan_round", 5),
    ("release", "sequences.standstill.release_round", 5),
    ("send", "sequences.sender.send_round", 2),
    ("recall", "sequences.recalling.recall_round", 10),
    ("erase", "handoff.erasure.erase_round", 60),
    ("answers", "handoff.intake.answers_round", 3),
    ("enter", "handoff.classifying.entering_round", 30),
    ("classify", "handoff.classifying.classify_round", 5),
    ("return", "handoff.classifying.returning_round", 600),
    ("afterwards", "handoff.afterwards.afterwards_round", 60),
    ("propose", "handoff.proposing.propose_round", 600),
    ("handoffs", "handoff.handover.revert_round", 5),
    ("alerts", "handoff.alerts.send_round", 5),
    ("canary", "compliance.canary.canary_round", 60),
    ("domains", "sequences.domain_checks.check_round", 60),
    ("breakers", "sequences.breakers.trip_round", 2),
    ("doubts", "sequences.doubts.doubt_round", 60),
    ("reconcile", "sequences.events.reconcile_round", 60),
    ("invariants", "handoff.promises.promises_round", 900),
]

# --- Celery: the broker is a hint, the table is the queue -------------------------------------------------------------
CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", "")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 1500
CELERY_TASK_SOFT_TIME_LIMIT = 1400
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
globals().update(brokers.settings(CELERY_BROKER_URL))
CELERY_TASK_DEFAULT_QUEUE: str = env.str("CELERY_QUEUE", "handoff")
CELERY_BEAT_SCHEDULE = {
    # A hint older than the next one is worthless: it expires instead of piling up behind a stopped worker.
    name: {
        "task": "handoff.tasks.run_round",
        "schedule": seconds,
        "args": [name],
        "options": {"expires": max(seconds, 5)},
    }
    for name, _verb, seconds in ROUNDS
}

# --- mail to staff (EMAIL_URL); recipients are written to through mailboxes, never through this -----------------------
EMAIL_CONFIG: dict[str, Any] = env.email_url("EMAIL_URL", default="consolemail://")
globals().update(**{key: value for key, value in EMAIL_CONFIG.items() if key != "OPTIONS"})
# Seconds that a server which says nothing is waited for.
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", "handoff@localhost")

# --- what mail providers tell us over the web; without a secret nothing is open ---------------------------------------
WEBHOOK_PROVIDERS: list[str] = env.list("WEBHOOK_PROVIDERS", default=[])
ANYMAIL: dict[str, str] = {**env.dict("WEBHOOK_KEYS", default={}), "WEBHOOK_SECRET": env.str("WEBHOOK_SECRET", "")}

# --- language and time ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [ROOT / "locale"]
FORMAT_MODULE_PATH = ["handoff.config.formats"]
USE_TZ = True
# Zone rules come from the pinned tzdata package, not from whatever the machine carries (LAW TIM-07).
zoneinfo.reset_tzpath(())
TIME_ZONE: str = env.str("HANDOFF_TIME_ZONE", "UTC")

# --- files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
# Static files are served from where they lie; a front server may want them collected in one place.
STATIC_ROOT: str | None = env.str("STATIC_ROOT", "") or None
STATICFILES_DIRS = [ROOT / "templates" / "static"]
WHITENOISE_USE_FINDERS = True
# A mail that a provider hands over arrives in one request.
DATA_UPLOAD_MAX_MEMORY_SIZE = (50 if WEBHOOK_PROVIDERS else 5) * 1024 * 1024
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
IMPORT_EXPORT_SKIP_ADMIN_LOG = True

# --- the browser ------------------------------------------------------------------------------------------------------
globals().update(browser.SETTINGS)
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 3600 if SESSION_COOKIE_SECURE else 0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", False) else None

# --- signing in -------------------------------------------------------------------------------------------------------
globals().update(sign_in.SETTINGS)
# What the lower floors need to know of it: who checks a code, and where people come in.
FACTOR_CHECK = "handoff.factor_forms.check"
SIGN_IN_VIEWS: list[str] = ["account_login", "mfa_authenticate"]
REQUIRE_MFA: bool = env.bool("HANDOFF_REQUIRE_MFA", not DEBUG)
# Behind a proxy everybody would share one bucket of failed sign-ins.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SECURE_PROXY_SSL_HEADER else 0
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

# --- logs: one line a record, no addresses, no bodies -----------------------------------------------------------------
LOGGING = logs.lines(env.str("LOG_LEVEL", "INFO"))

# --- the admin: its menu and colours ---------------------------------------------------------------------------------
UNFOLD = look.UNFOLD

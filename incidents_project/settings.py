"""Settings. Every one that a deployment may change comes from the environment, through ``env``.

Two ways to run: *laptop* (no ``DATABASE_URL``: an embedded PostgreSQL under the data directory, its
own secret key beside it, plain HTTP on localhost) and *production* (``DATABASE_URL`` set: nothing
is made up, HTTPS is expected, and a missing or well-known secret stops the start).
"""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from incidents_project import env
from incidents_project.http import logs

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var"))).expanduser().absolute()

_server = env.database("DATABASE_URL")
_owner = env.database("DATABASE_OWNER_URL")
EMBEDDED = _server is None

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.laptop_secret_key(DATA_DIR) if EMBEDDED else env.production_secret_key()
ALLOWED_HOSTS = env.listing(
    "ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]") if EMBEDDED else ()
)

# The service connects as `default`, a role that owns nothing; `owner` is for migrations alone.
_statement_timeout = env.number("STATEMENT_TIMEOUT_MS", 15_000, least=100, most=600_000)
_engine = {"ENGINE": "incidents_project.database.backend"}
_connection: dict[str, Any] = {
    "CONN_MAX_AGE": env.number("DATABASE_CONN_MAX_AGE", 600, least=0, most=86_400),
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "connect_timeout": 5,
        "server_side_binding": True,
        # Named statements need a session of their own: behind a pooler in transaction mode, say no.
        "prepare_threshold": 3 if env.flag("DATABASE_PREPARE", default=True) else None,
        "options": f"-c statement_timeout={_statement_timeout}"
        " -c idle_in_transaction_session_timeout=60000",
    },
}
_owner_options = {"OPTIONS": {"connect_timeout": 5}}
_embedded = {"ENGINE": "incidents_project.database.embedded", "NAME": "incidents"}
DATABASES: dict[str, dict[str, Any]] = {}
if _server is None:
    DATABASES["default"] = {**_embedded, "USER": "incidents_app", **_connection}
    DATABASES["owner"] = {**_embedded, "USER": "incidents_owner", **_owner_options}
else:
    DATABASES["default"] = {**_server, **_engine, **_connection}
    if _owner is not None:
        DATABASES["owner"] = {**_owner, **_engine, **_owner_options}
if "owner" in DATABASES:
    # In tests both roles look at the one database, which the owner makes.
    DATABASES["default"]["TEST"] = {"MIRROR": "owner"}

INSTALLED_APPS = [
    "incidents_project",
    "incidents.apps.IncidentsConfig",
    "attributes.apps.AttributesConfig",
    "history.apps.HistoryConfig",
    "accounts.apps.AccountsConfig",
    "accounts.apps.DeployerAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "incidents_project.http.middleware.RequestMiddleware",
    # Between these two: what pages need.
    "incidents_project.http.browser.Fork",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "incidents_project.http.browser.Join",
]

ROOT_URLCONF = "incidents_project.urls"
WSGI_APPLICATION = "incidents_project.wsgi.application"
APPEND_SLASH = False  # a redirect would drop the body

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # no collectstatic step to forget

# Edges
BODY_LIMIT = env.number("BODY_LIMIT", 1_048_576, least=1_024, most=104_857_600)  # bytes
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_LIMIT
THROTTLE_RATE = env.number("THROTTLE_RATE", 1_000, least=0, most=1_000_000)  # a second; 0: none

# Attributes
ATTRIBUTE_INDEX_BUDGET = env.number("ATTRIBUTE_INDEX_BUDGET", 8, least=0, most=100)
ATTRIBUTE_ALIAS_DAYS = env.number("ATTRIBUTE_ALIAS_DAYS", 180, least=0, most=3_650)
ATTRIBUTE_RETENTION_DAYS = env.number("ATTRIBUTE_RETENTION_DAYS", 30, least=1, most=3_650)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.RoleRequired"],
    "DEFAULT_THROTTLE_CLASSES": ["incidents_project.http.throttle.PrincipalThrottle"],
    "DEFAULT_PARSER_CLASSES": ["incidents_project.http.parser.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["incidents_project.http.negotiation.JSON"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "incidents_project.http.negotiation.JSONNegotiation",
    "DEFAULT_SCHEMA_CLASS": "incidents_project.http.openapi.TableSchema",
    "EXCEPTION_HANDLER": "incidents_project.http.problem.handle",
    "DEFAULT_METADATA_CLASS": None,
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Incidents",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "TAGS": [
        {"name": "Incidents", "description": "What happened."},
        {"name": "Values", "description": "The values of one incident, one at a time."},
        {"name": "Comments", "description": "What people say about an incident."},
        {"name": "History", "description": "Who changed what, and when."},
        {"name": "Attributes", "description": "What the deployer has added to incidents."},
        {"name": "Option sets", "description": "Options that several attributes share."},
        {"name": "Service", "description": "About the service itself."},
    ],
    "POSTPROCESSING_HOOKS": ["incidents_project.openapi.complete"],
    # The document is of a database, which "check" must not need.
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}

# Browsers
_https = env.flag("HTTPS", default=not EMBEDDED)
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]  # probes speak plain HTTP inside the cluster
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
LOGIN_REDIRECT_URL = "/admin/"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")
X_FRAME_OPTIONS = "DENY"
if env.flag("TRUST_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logs.configuration(
    LOG_LEVEL,
    style=env.choice("LOG_FORMAT", "CONSOLE" if EMBEDDED else "JSON", ("JSON", "CONSOLE")),
)

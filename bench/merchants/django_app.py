"""A merchant with Django: `LIBRARY` is django-allauth or mozilla-django-oidc, each as its documentation shows it."""

import os
import secrets
import tempfile
from pathlib import Path

import django
from django.conf import settings

ORIGIN, PROVIDER, LIBRARY = os.environ["ORIGIN"], os.environ["PROVIDER"], os.environ["LIBRARY"]
SAFER = os.environ.get("SAFER") == "1"
ACCESS = f"{PROVIDER}/access-management-1.0/access"
SCOPES = ["openid", "name", "email", "phoneNumber", "address"]

ALLAUTH = {
    "INSTALLED_APPS": [
        "allauth", "allauth.account", "allauth.socialaccount", "allauth.socialaccount.providers.openid_connect",
    ],
    "MIDDLEWARE": ["allauth.account.middleware.AccountMiddleware"],
    "AUTHENTICATION_BACKENDS": [
        "django.contrib.auth.backends.ModelBackend", "allauth.account.auth_backends.AuthenticationBackend",
    ],
    "SOCIALACCOUNT_PROVIDERS": {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": SAFER,
            "APPS": [
                {
                    "provider_id": "vipps", "name": "Vipps", "client_id": os.environ["CLIENT_ID"],
                    "secret": os.environ["CLIENT_SECRET"],
                    "settings": {
                        "server_url": f"{ACCESS}/.well-known/openid-configuration",
                        "token_auth_method": "client_secret_basic", "oauth_pkce_enabled": SAFER,
                        "scope": SCOPES, "fetch_userinfo": True,
                    },
                }
            ],
            "SCOPE": SCOPES,
        }
    },
    "ACCOUNT_EMAIL_VERIFICATION": "none",
}  # fmt: skip
MOZILLA = {
    "INSTALLED_APPS": ["mozilla_django_oidc"],
    "AUTHENTICATION_BACKENDS": ["mozilla_django_oidc.auth.OIDCAuthenticationBackend"],
    "OIDC_RP_CLIENT_ID": os.environ["CLIENT_ID"], "OIDC_RP_CLIENT_SECRET": os.environ["CLIENT_SECRET"],
    "OIDC_OP_AUTHORIZATION_ENDPOINT": f"{ACCESS}/oauth2/auth", "OIDC_OP_TOKEN_ENDPOINT": f"{ACCESS}/oauth2/token",
    "OIDC_OP_USER_ENDPOINT": f"{PROVIDER}/vipps-userinfo-api/userinfo",
    "OIDC_OP_JWKS_ENDPOINT": f"{ACCESS}/.well-known/jwks.json", "OIDC_RP_SIGN_ALGO": "RS256",
    "OIDC_RP_SCOPES": " ".join(SCOPES), "OIDC_TOKEN_USE_BASIC_AUTH": True,
    **({"OIDC_USE_PKCE": True, "OIDC_TIMEOUT": 5} if SAFER else {}),
}  # fmt: skip
BASE = {
    "INSTALLED_APPS": [
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
    ],
    "MIDDLEWARE": [
        "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
}  # fmt: skip
LIBRARY_SETTINGS = ALLAUTH if LIBRARY == "allauth" else MOZILLA
folder = Path(tempfile.mkdtemp())
settings.configure(
    SECRET_KEY=secrets.token_hex(),
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "db.sqlite", "OPTIONS": {"timeout": 20}}
    },
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",
    **{name: value for name, value in LIBRARY_SETTINGS.items() if name not in BASE},
    **{name: [*value, *LIBRARY_SETTINGS.get(name, [])] for name, value in BASE.items()},
)
django.setup()

from django.core.management import call_command  # noqa: E402 - Django has to be set up first
from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django has to be set up first
from django.http import HttpResponse  # noqa: E402 - Django has to be set up first
from django.middleware.csrf import get_token  # noqa: E402 - Django has to be set up first
from django.urls import include, path  # noqa: E402 - Django has to be set up first
from django.utils.html import format_html  # noqa: E402 - Django has to be set up first

LOGIN = "/accounts/oidc/vipps/login/" if LIBRARY == "allauth" else "/oidc/authenticate/"
LOGOUT = "/accounts/logout/" if LIBRARY == "allauth" else "/oidc/logout/"


def home(request: object) -> HttpResponse:
    """Say who is logged in."""
    if not request.user.is_authenticated:
        return HttpResponse(format_html('<a href="{}">Log in with Vipps</a>', LOGIN))
    form = (
        '<form method="post" action="{}"><input name="csrfmiddlewaretoken" value="{}"><button>Log out</button></form>'
    )
    return HttpResponse(format_html("Hello {} " + form, request.user.first_name, LOGOUT, get_token(request)))


def account(request: object) -> HttpResponse:
    """Show the account."""
    return HttpResponse(f"Account <b>{request.user.pk}</b>" if request.user.is_authenticated else "Please log in.")


urls = "allauth.urls" if LIBRARY == "allauth" else "mozilla_django_oidc.urls"
urlpatterns = [
    path("", home), path("account", account), path("accounts/" if LIBRARY == "allauth" else "oidc/", include(urls)),
]  # fmt: skip
call_command("migrate", verbosity=0)
app = get_wsgi_application()

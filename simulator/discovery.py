"""Builds the discovery document (OpenID Connect Discovery section 4.2) with Vipps' paths and members.

Source: Vipps MobilePay Login API guide, “Browser flow integration: openid-configuration”. `end_session_endpoint` is
left out: merchants cannot log a person out at Vipps.
"""

from typing import Any

ACCESS = "/access-management-1.0/access"
AUTHORIZE = f"{ACCESS}/oauth2/auth"
TOKEN = f"{ACCESS}/oauth2/token"
REVOKE = f"{ACCESS}/oauth2/revoke"
DISCOVERY = f"{ACCESS}/.well-known/openid-configuration"
JWKS = f"{ACCESS}/.well-known/jwks.json"
USERINFO = "/vipps-userinfo-api/userinfo"
BACKCHANNEL = "/vipps-login-ciba/api/backchannel/authentication"
USER_EXISTS = "/vipps-login-ciba/api/v1/user-exists"  # not in the document

MAX_AGE = 3600


def issuer(public_url: str) -> str:
    """Return the issuer; the trailing slash is part of it."""
    return f"{public_url}{ACCESS}/"


def document(public_url: str) -> dict[str, Any]:
    """Return the discovery document of a simulator at this origin."""
    return {
        "issuer": issuer(public_url),
        "authorization_endpoint": public_url + AUTHORIZE,
        "token_endpoint": public_url + TOKEN,
        "userinfo_endpoint": public_url + USERINFO,
        "jwks_uri": public_url + JWKS,
        "revocation_endpoint": public_url + REVOKE,
        "backchannel_authentication_endpoint": public_url + BACKCHANNEL,
        "backchannel_token_delivery_modes_supported": ["poll"],
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "scopes_supported": [
            "openid",
            "name",
            "phoneNumber",
            "nin",
            "address",
            "birthDate",
            "delegatedConsents",
            "email",
            "gender",
        ],
        "claims_supported": ["sub"],
        "claims_parameter_supported": False,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "userinfo_signing_alg_values_supported": ["none"],
        "backchannel_logout_supported": False,
        "backchannel_logout_session_supported": False,
        "frontchannel_logout_supported": False,
        "frontchannel_logout_session_supported": False,
    }

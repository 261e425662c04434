"""Keep the language that a visitor chose in the footer when a login leaves for the simulator.

Vipps takes the language from the browser and has no parameter for it, so the integration sends none. A hook adds the
simulator's own parameter (`simulator.i18n`) to the response that starts a login, against the simulator only.
"""

from flask import Response, g

from app.i18n import LANGUAGE_COOKIE, LANGUAGES
from app.security import read_cookie

PARAMETER = "simulator_language"


def keep(response: Response) -> Response:
    """Add the chosen language to the authorization URL that the response redirects to."""
    chosen, url = read_cookie(LANGUAGE_COOKIE), g.get("authorization_url")
    if chosen in LANGUAGES and url and response.location == url:
        g.authorization_url = response.location = f"{url}&{PARAMETER}={chosen}"
    return response

"""Talk to the simulator: propose a test person and a language in a login, and reset what it knows about this shop.

All of it is for the demo against the simulator only. Vipps documents no `login_hint` for the browser flow, and takes
the language from the browser, so the integration in `app.vipps` sends neither; hooks add them to the response that
starts a login.
"""

from urllib.parse import urlencode

import urllib3
from flask import Response, g, request

from app.i18n import LANGUAGE_COOKIE, LANGUAGES
from app.security import read_cookie
from app.settings import INSTANCE, settings_of_app
from app.vipps.deadline_http import pool_manager, time_limit
from demo.scenarios import PERSON, SCENARIOS
from wsgi import CONTROL_TOKEN

LANGUAGE = "simulator_language"
PERSONS = frozenset(scenario.person for scenario in SCENARIOS)
RESET_SECONDS = 3.0


def propose_person(response: Response) -> Response:
    """Add the `login_hint` to a login that was started for one of the demo's persons."""
    person, url = request.args.get(PERSON), g.get("authorization_url")
    if request.endpoint == "vipps.start" and person in PERSONS and url and response.location == url:
        # The inspector records this address after this hook.
        g.authorization_url = response.location = f"{url}&{urlencode({'login_hint': person})}"
    return response


def keep_language(response: Response) -> Response:
    """Add the language that the visitor chose in the footer to a login."""
    chosen, url = read_cookie(LANGUAGE_COOKIE), g.get("authorization_url")
    if chosen in LANGUAGES and url and response.location == url:
        g.authorization_url = response.location = f"{url}&{LANGUAGE}={chosen}"
    return response


def reset(*, everything: bool = False) -> bool:
    """Reset the simulator for this shop, or all of it; return whether it did."""
    settings = settings_of_app()
    token = INSTANCE / CONTROL_TOKEN  # is there if the simulator is on this computer
    # `VIPPS_BASE_URL` may name another computer's simulator, which must not get the token of this one.
    is_ours = settings.provider_url == settings.simulator_url and token.is_file()
    headers = {"Authorization": f"Bearer {token.read_text().strip()}"} if is_ours else {}
    url, body = f"{settings.provider_url}/control/reset", {} if everything else {"client_id": settings.client_id}
    pool = pool_manager(1, settings.connect_to)
    try:
        with time_limit(RESET_SECONDS):
            return pool.request("POST", url, json=body, headers=headers, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False

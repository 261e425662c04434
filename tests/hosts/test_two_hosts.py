"""Two hosts are one shop: they share logins, logouts and limits, and a stopping host finishes its requests."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.customers.rate_limits import STARTS_PER_CLIENT
from tests.hosts.browser import Answer, Browser
from tests.hosts.conftest import Place
from tests.hosts.processes import ENDS_WITHIN, until

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]


def logged_in(place: Place, person: int) -> Browser:
    """Return a browser that logged in, starting on one host and finishing on the other."""
    browser, (one, other) = Browser(person), place.hosts
    answer = browser.get(other, browser.start(one))
    assert (answer.status, answer.location) == (303, "/account"), answer
    return browser


def test_a_login_begun_on_one_host_is_finished_on_the_other_and_ends_on_both(place: Place) -> None:
    browser, (one, other) = logged_in(place, 5001), place.hosts
    assert all(browser.is_in(host) for host in place.hosts)
    kept = dict(browser.cookies)
    form = browser.hidden(browser.get(one, "/account").text)
    assert browser.post(other, "/logout", {"csrf_token": form["csrf_token"]}).status == 303
    browser.cookies = kept  # a copy of the cookie does not work either
    assert not any(browser.is_in(host) for host in place.hosts)


def test_a_callback_that_is_sent_to_both_hosts_at_once_is_one_login(place: Place) -> None:
    browser = Browser(5003)
    callback = browser.start(place.hosts[0])
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda host: browser.get(host, callback), place.hosts))
    assert [answer.location for answer in answers] == ["/account", "/account"], answers
    assert all(browser.is_in(host) for host in place.hosts)


def test_limits_are_shared_and_logins_work_without_redis(place: Place) -> None:
    browser, flood = logged_in(place, 5004), Browser(5005)
    most = int(STARTS_PER_CLIENT.split()[0])
    answers = [flood.get(place.hosts[n % 2], "/login/vipps").status for n in range(most + 1)]
    assert answers == [302] * most + [429]
    place.redis.kill()
    place.redis.wait()
    assert all(browser.is_in(host) for host in place.hosts)
    assert all(logged_in(place, 5006).is_in(host) for host in place.hosts), "logins must still work"


def test_a_host_that_is_stopped_finishes_the_logins_that_it_began(place: Place) -> None:
    leaving = place.start(WEB_CONCURRENCY="1")
    leaving.wait()
    browser, answers = Browser(5007), list[Answer]()
    callback = browser.start(leaving)
    place.people.is_asked.clear()
    place.people.may_answer.clear()
    waiting = threading.Thread(target=lambda: answers.append(browser.get(leaving, callback)))
    waiting.start()
    try:
        assert place.people.is_asked.wait(10), "the login waits at the provider"
        leaving.process.terminate()
        until(lambda: "Handling signal: term" in leaving.log(), 5, lambda: "it was not told")
        assert answers == []
    finally:
        place.people.may_answer.set()
        waiting.join()
    assert [(answer.status, answer.location) for answer in answers] == [(303, "/account")]
    assert leaving.process.wait(ENDS_WITHIN) == 0
    assert browser.is_in(place.hosts[0])

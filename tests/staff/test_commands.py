"""Create and disable staff accounts on the command line."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.database import db
from app.staff.models import Staff
from tests.staff.steps import EMAIL, NAME, PASSWORD, at_work, log_in


def run(app: Flask, *args: str, typed: str = "") -> Any:
    """Run a command, and type the answers to its prompts."""
    return app.test_cli_runner().invoke(args=list(args), input=typed)


def create(app: Flask, password: str = PASSWORD, again: str | None = None, email: str = EMAIL, name: str = NAME) -> Any:
    """Run `create-staff`, typing a password twice."""
    typed = f"{password}\n{password if again is None else again}\n"
    return run(app, "create-staff", email, "--name", name, typed=typed)


def test_a_new_staff_account_can_log_in(app: Flask, client: FlaskClient) -> None:
    result = create(app, email=" Ragna.Holt@Example.com ")
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    assert log_in(client).status_code == 303


def test_a_password_can_be_generated_and_is_shown_once(app: Flask, client: FlaskClient) -> None:
    result = run(app, "create-staff", EMAIL, "--name", NAME, "--generate")
    (password,) = re.findall(r"password: (\S+)", result.output)
    assert len(password) >= 20
    assert log_in(client, password=password).status_code == 303
    with app.app_context():
        assert password not in db.session.scalars(select(Staff.password_hash)).one()


def hired(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Staff.name)))


REFUSED = [
    ({"password": "short"}, "at least 8"), ({"password": "password1"}, "very common"),
    ({"password": "ragna.holt 77"}, "Don’t use the shop"), ({"email": "no address"}, "an email address and a name"),
    ({"email": ""}, "an email address and a name"), ({"name": "  "}, "an email address and a name"),
]  # fmt: skip


def test_a_weak_password_and_an_account_without_an_address_or_a_name_are_refused(app: Flask) -> None:
    for given, said in REFUSED:
        result = create(app, **given)
        assert (result.exit_code != 0, said in result.output) == (True, True), given
    assert hired(app) == []


def test_an_enabled_account_is_not_created_again(app: Flask, client: FlaskClient) -> None:
    create(app)
    result = create(app, "another long password", name="Another Person")
    assert result.exit_code != 0
    assert "disable it first" in result.output
    assert hired(app) == [NAME]
    assert log_in(client).status_code == 303


def test_a_disabled_account_is_logged_out_and_can_be_enabled_with_a_new_password(app: Flask) -> None:
    client = at_work(app)
    assert run(app, "disable-staff", EMAIL).exit_code == 0
    assert client.get("/staff").status_code == 303
    assert log_in(client).status_code == 422
    assert create(app, "a new broom sweeps").exit_code == 0
    assert client.get("/staff").status_code == 303  # the old session stays ended
    assert log_in(client).status_code == 422
    assert log_in(client, password="a new broom sweeps").status_code == 303
    result = run(app, "disable-staff", "unknown@example.com")
    assert result.exit_code != 0
    assert "no staff account" in result.output

"""A workshop whose worlds are only folders, with a browser for the teacher and for each learner."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, create_engine, text

from app.database import utcnow
from app.settings import load
from demo.workshop import BoardMission, Rooms, create_workshop, rooms_of, teacher_address
from tests.conftest import ENVIRONMENT, Browser, browser_of, open_page, post
from tests.pages import Page, check_page

MISSIONS = [
    BoardMission("one", "First mission", "A"),
    BoardMission("two", "=Second", "A"),
    BoardMission("three", "Third", "B"),
]


@dataclass(frozen=True)
class FakeWorld:
    id: str
    folder: Path

    @property
    def shop_file(self) -> Path:
        return self.folder / "shop.sqlite"

    @property
    def simulator_file(self) -> Path:
        return self.folder / "simulator.sqlite"


@dataclass
class FakeWorlds:
    """Worlds that record the calls. With `is_full` the server has no room for another world."""

    base: Path
    all: dict[str, FakeWorld] = field(default_factory=dict)
    reset_ids: list[str] = field(default_factory=list)
    made: int = 0
    prepared: int = 0
    is_full: bool = False
    the_shop: Flask | None = None
    kept: Any = None

    def prepare(self, count: int) -> None:
        self.prepared += count

    def create(self) -> FakeWorld | None:
        if self.is_full:
            return None
        self.made += 1
        world = FakeWorld(f"abcdefghijklmn{self.made:02}", self.base / f"world{self.made}")
        world.folder.mkdir(parents=True)
        solve(world)
        self.all[world.id] = world
        return world

    def find(self, name: str) -> FakeWorld | None:
        return self.all.get(name)

    def shop(self, world: FakeWorld) -> Flask | None:
        return self.the_shop

    def reset(self, world: FakeWorld) -> None:
        self.reset_ids.append(world.id)
        world.shop_file.unlink()
        solve(world)

    def drop(self, world: FakeWorld) -> None:
        del self.all[world.id]
        world.shop_file.unlink(missing_ok=True)


def solve(world: FakeWorld, *missions: str) -> None:
    """Write a row for each mission into the world's database, which `is_solved` reads."""
    engine = create_engine(f"sqlite:///{world.shop_file}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS done (mission TEXT)"))
        for mission in missions:
            connection.execute(text("INSERT INTO done VALUES (:mission)"), {"mission": mission})
    engine.dispose()


class Class:
    """A room with its teacher. `clock` is the current time, `checks` counts checked missions, `readers` worlds."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.worlds, self.clock, self.checks, self.readers = FakeWorlds(folder / "worlds"), utcnow(), 0, 0
        settings = load({**ENVIRONMENT, "DATABASE_URL": f"sqlite:///{folder / 'unused.sqlite'}", **environ})
        self.app = create_workshop(self.worlds, folder, missions=MISSIONS, solved_in=self.solved_in, settings=settings)
        self.app.test_client_class = Browser
        self.app.config["TESTING"] = True
        self.app.config["PROPAGATE_EXCEPTIONS"] = False
        self.rooms: Rooms = rooms_of(self.app)
        self.rooms.now = lambda: self.clock
        self.teacher = self.browser()
        self.link = teacher_address(settings, folder).removeprefix(settings.public_url)
        post(self.teacher, self.link, form_on=self.link)
        post(self.teacher, "/workshop/teach/rooms", form_on="/workshop/teach")
        self.code = self.rooms.list_rooms()[0].code
        self.board_path = f"/workshop/teach/{self.code}"

    def solved_in(self, shop: Connection, simulator: Connection | None, since: Any) -> Any:
        self.readers += 1

        def is_solved(mission: str) -> bool:
            self.checks += 1
            return bool(shop.scalar(text("SELECT 1 FROM done WHERE mission = :mission"), {"mission": mission}))

        return is_solved

    def browser(self) -> FlaskClient:
        return browser_of(self.app)

    def join(self, nickname: str) -> tuple[FlaskClient, FakeWorld]:
        """Join in a new browser; return it with its world."""
        client, path = self.browser(), f"/workshop/{self.code}"
        response = post(client, path, {"nickname": nickname}, form_on=path)
        assert response.status_code == 303, response.text[:3000]
        cookie = self.cookie(client)
        assert cookie
        return client, self.worlds.all[cookie.value.partition(".")[0]]

    def cookie(self, client: FlaskClient) -> Any:
        """Return the cookie that names the world of a browser."""
        return client.get_cookie(self.app.extensions["settings"].cookie_name("world"))

    def learner(self, world: FakeWorld) -> Any:
        return self.rooms.learner_of(world.id)

    def press(self, action: str, **values: Any) -> Any:
        """Press a button of the board."""
        return post(self.teacher, f"{self.board_path}/{action}", values, form_on="/workshop/teach")

    def wait(self, **length: float) -> None:
        self.clock += timedelta(**length)

    def board(self, path: str = "") -> Page:
        """Open the teacher's board after the pause between two checks of the worlds."""
        self.wait(seconds=5)
        return open_page(self.teacher, self.board_path + path)

    def rows(self) -> list[list[str]]:
        """Return the rows of the board's table as texts, without signs for the eye."""
        rows = self.board().tree.xpath("//tbody/tr")
        cells = [[each.xpath("string()") for each in row.xpath("./*")] for row in rows]
        return [[" ".join(cell.replace("✓", "").replace("–", "").split()) for cell in row] for row in cells]


def shown(response: Any, status: int = 200) -> Page:
    """Return the page after a form's redirect."""
    assert response.status_code == status, response.text[:2000]
    return check_page(response)

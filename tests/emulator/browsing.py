"""Browsers for the pages of OAuth: one of the standard library that shows every step, and headless Chromium."""

import dataclasses
import http.client
import os
import pathlib
import shutil
import subprocess
import urllib.parse


@dataclasses.dataclass
class Answer:
    """One answer: what was asked, and what came."""

    url: str
    status: int
    headers: dict[str, str]
    body: str

    @property
    def location(self) -> str | None:
        found = self.headers.get("location")
        return urllib.parse.urljoin(self.url, found) if found else None

    def parameter(self, name: str) -> str:
        """A parameter of the address that it redirects to."""
        return urllib.parse.parse_qs(urllib.parse.urlsplit(self.location).query)[name][0]


class Browser:
    """Keeps cookies for one host each, and follows no redirect by itself."""

    def __init__(self):
        self.jar: dict[str, dict[str, str]] = {}

    def get(self, url: str) -> Answer:
        parts = urllib.parse.urlsplit(url)
        kept = self.jar.setdefault(parts.hostname, {})
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=40)
        cookies = "; ".join(f"{name}={value}" for name, value in kept.items())
        connection.request("GET", urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")),
                           headers={"Cookie": cookies} if cookies else {})
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            assert name.startswith("__Host-") and {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
            kept.pop(name, None)
            if value:
                kept[name] = value
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(url, answer.status, headers, answer.read().decode())

    def follow(self, url: str) -> list[Answer]:
        """Every answer from here to the page at the end."""
        answers = [self.get(url)]
        while answers[-1].location:
            answers.append(self.get(answers[-1].location))
            assert len(answers) < 10, [answer.url for answer in answers]
        return answers

    def authorise(self, link: str) -> str:
        """Opens a link and confirms at TikTok: the address that TikTok sends the browser back to."""
        return self.get(self.get(link).location).location


def found() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def installed() -> str:
    """Takes Chromium from Debian's packages, where this user may."""
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"]):
        try:
            subprocess.run([*as_root, *command], stdin=subprocess.DEVNULL, capture_output=True, env=env, check=True, timeout=240)
        except (OSError, subprocess.SubprocessError) as problem:
            raise RuntimeError(f"no Chromium here, and it could not be installed: apt-get install chromium ({problem})") from None
    return found()


class Chromium:
    """Headless Chromium. Each page is opened in a profile of its own."""

    SIZES = {"phone": "390,1500", "desktop": "1280,1300"}
    SCHEMES = {"dark": 0, "light": 1}

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.program = found() or installed()

    def _run(self, url: str, *options: str) -> str:
        profile = self.folder / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        command = [self.program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                   "--no-first-run", "--disable-background-networking", "--disable-component-update",
                   f"--user-data-dir={profile}", *options, url]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def text(self, url: str) -> str:
        """The page at the end of all redirects, as the browser holds it."""
        return self._run(url, "--dump-dom")

    def picture(self, url: str, name: str, size: str, scheme: str) -> pathlib.Path:
        """A screenshot of that page."""
        path = self.folder / f"{name}-{size}-{scheme}.png"
        self._run(url, f"--screenshot={path}", f"--window-size={self.SIZES[size]}",
                  f"--blink-settings=preferredColorScheme={self.SCHEMES[scheme]}")
        return path

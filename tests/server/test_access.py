"""Who may come in: tokens, certificates, addresses, origins."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import InvalidStatus

from arena.cli.main import main
from arena.client.client import RequestRefused, connect, trusting
from arena.db.writer import LogWriter
from arena.errors import ArenaError, UserError
from arena.protocol import codes
from arena.server.access import Access, check_host, private, tls_context
from arena.server.app import ArenaServer, ServerSettings
from arena.server.limits import Limits, Rate
from tests.fakes.minds import FakeMinds
from tests.fakes.servers import play_to_end, running
from tests.fakes.sockets import closed_with, get, greeted, heard, say

TOKEN = "correct-horse-battery"
QUICK = Limits(guess_delay_s=0.05)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is tested here has nothing to do with storage."""
    return f"sqlite:///{tmp_path / 'arena.db'}"


async def test_only_who_brings_the_token_comes_in(writer: LogWriter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with running(writer, token=TOKEN, limits=QUICK) as server:
        async with connect(server.url, "Ann", token=TOKEN) as ann:
            assert await ann.rooms() == []
        for wrong in (None, "", "wrong", TOKEN + "x", TOKEN[:-1]):
            with pytest.raises(RequestRefused, match="needs an access token") as refused:
                async with connect(server.url, "Eve", token=wrong):
                    pass
            assert refused.value.code == codes.UNAUTHORISED
        async with open_socket(server.url) as eve:
            await say(eve, type="hello", name="Eve", token="wrong")
            assert (await heard(eve))["code"] == codes.UNAUTHORISED
            assert await closed_with(eve) == codes.CLOSE_UNAUTHORISED >= 4500
        assert (await get(f"{server.url}", f"/?token={TOKEN}"))[0] != 101
        assert TOKEN not in repr(server.settings)
        assert TOKEN not in repr(vars(server._access))
    assert not [r for r in caplog.records if TOKEN in r.getMessage() and r.name.startswith("arena.")]


async def test_guessing_is_slow_and_ends(writer: LogWriter) -> None:
    limits = Limits(guess_delay_s=0.2, guesses=Rate(3, 0.001))
    async with running(writer, token=TOKEN, limits=limits) as server:
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(RequestRefused) as refused:
                async with connect(server.url, "Eve", token="a guess"):
                    pass
            assert refused.value.code == codes.UNAUTHORISED
        assert time.monotonic() - began >= 3 * 0.2
        with pytest.raises(RequestRefused) as refused:
            async with connect(server.url, "Eve", token=TOKEN):
                pass
        assert refused.value.code == codes.TOO_MANY_GUESSES, "not even the right one is told from a wrong one now"
        status, body = await get(server.url, "/metrics", Authorization=f"Bearer {TOKEN}")
        assert (status, json.loads(body)) == (429, {"code": codes.TOO_MANY_GUESSES})


def test_addresses_guess_apart_and_are_forgiven() -> None:
    class Now:
        at = 0.0

        def monotonic_s(self) -> float:
            return self.at

        def wall_s(self) -> float:
            return self.at

    clock = Now()
    access = Access(TOKEN, Limits(guesses=Rate(2, 0.1)), clock)
    told = [access.refusal("192.0.2.7", "no") for _ in range(3)]
    assert told == [codes.UNAUTHORISED, codes.UNAUTHORISED, codes.TOO_MANY_GUESSES]
    assert access.refusal("192.0.2.8", TOKEN) is None
    clock.at = 10.0
    assert access.refusal("192.0.2.7", TOKEN) is None
    for n in range(20_000):
        access.refusal(f"192.0.2.{n}", "no")
    assert len(access._guesses._credits) <= 10_000


@pytest.mark.parametrize("token", ["", "short", "x" * 201])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(UserError, match="12 to 200 characters"):
        ArenaServer(FakeMinds(), None, ServerSettings(token=token))  # type: ignore[arg-type]


async def test_metrics_need_the_token_and_health_does_not(writer: LogWriter) -> None:
    async with running(writer, token=TOKEN, limits=QUICK) as server:
        assert (await get(server.url, "/healthz"))[0] == (await get(server.url, "/readyz"))[0] == 200
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            status, body = await get(server.url, "/metrics", **header)
            assert (status, json.loads(body)) == (401, {"code": codes.UNAUTHORISED})
        assert (await get(server.url, "/metrics", Authorization=f"Bearer {TOKEN}"))[0] == 200


@pytest.mark.parametrize(
    ("host", "only_here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("no-such-host.invalid", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.0.2.1", False),
    ],
)
def test_a_public_address_needs_a_token_or_a_clear_word(host: str, only_here: bool) -> None:
    assert private(host) is only_here
    check_host(host, token=TOKEN, insecure=False)
    check_host(host, token=None, insecure=True)
    if only_here:
        check_host(host, token=None, insecure=False)
    else:
        with pytest.raises(UserError, match=r"other machines.*--token or ARENA_TOKEN.*--insecure"):
            check_host(host, token=None, insecure=False)


async def test_the_server_itself_refuses_a_public_address(writer: LogWriter) -> None:
    server = ArenaServer(FakeMinds(), writer, ServerSettings(host="0.0.0.0", port=0))
    with pytest.raises(UserError, match="--insecure"):
        await server.start()


# -- certificates ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificate, key, the authority that signed it, and the key of another certificate."""
    folder = tmp_path_factory.mktemp("tls")
    mine, other = ca.issue_cert("127.0.0.1"), ca.issue_cert("127.0.0.1")
    paths = {name: folder / f"{name}.pem" for name in ("cert", "key", "ca", "other", "text")}
    mine.cert_chain_pems[0].write_to_path(paths["cert"])
    mine.private_key_pem.write_to_path(paths["key"])
    other.private_key_pem.write_to_path(paths["other"])
    ca.cert_pem.write_to_path(paths["ca"])
    paths["text"].write_text("no certificate at all")
    return paths


async def test_a_match_over_tls(writer: LogWriter, files: dict[str, Path]) -> None:
    async with running(writer, tls=tls_context(files["cert"], files["key"]), token=TOKEN) as server:
        assert server.url.startswith("wss://127.0.0.1:")
        async with connect(server.url, "Ann", token=TOKEN, tls=trusting(files["ca"])) as ann:
            await ann.join()
            async with asyncio.timeout(60):
                await play_to_end(ann)
        with pytest.raises(ArenaError, match="is not trusted") as unknown:
            async with connect(server.url, "Ann", token=TOKEN):
                pass
        assert unknown.value.code == "connection/untrusted"
        with pytest.raises(ArenaError):
            async with connect(server.url.replace("wss://", "ws://"), "Ann"):
                pass


@pytest.mark.parametrize(
    ("cert", "key", "message"),
    [
        ("cert", "none", "There is no key at"),
        ("none", "key", "There is no certificate at"),
        ("cert", "other", "does not belong to the certificate"),
        ("text", "key", "cannot be used"),
        ("cert", "text", "cannot be used"),
    ],
)
def test_certificates_that_cannot_be_used(files: dict[str, Path], cert: str, key: str, message: str) -> None:
    paths = {**files, "none": files["cert"].parent / "none.pem"}
    with pytest.raises(UserError, match=message):
        tls_context(paths[cert], paths[key])


@pytest.mark.parametrize("path", ["none", "text"])
def test_an_authority_that_cannot_be_used(files: dict[str, Path], path: str) -> None:
    with pytest.raises(UserError):
        trusting({**files, "none": files["cert"].parent / "none.pem"}[path])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cert", "x.pem"], "--cert and --key belong together"),
        (["--cert", "x.pem", "--key", "y.pem"], "There is no certificate at x.pem"),
        (["--host", "0.0.0.0"], "--insecure"),
        (["--token", "short"], "12 to 200 characters"),
    ],
)
def test_serve_says_what_is_wrong(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ARENA_TOKEN", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--model", "none", "--port", "0", "--db", f"sqlite:///{tmp_path / 'a.db'}", *arguments])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert message in said.err
    assert "Traceback" not in said.err


# -- origins ---------------------------------------------------------------------------------------------------------


async def test_scripts_of_foreign_pages_may_not_connect(writer: LogWriter) -> None:
    async with running(writer, origins=("https://arena.example",)) as server:
        async with greeted(server.url), open_socket(server.url, origin="https://arena.example"):  # type: ignore[arg-type]
            pass
        for origin in ("https://evil.example", "null", "https://arena.example.evil.example", "http://arena.example"):
            with pytest.raises(InvalidStatus) as refused:
                async with open_socket(server.url, origin=origin):  # type: ignore[arg-type]
                    pass
            assert refused.value.response.status_code == 403

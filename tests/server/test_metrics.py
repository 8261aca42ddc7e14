"""``/metrics``: what Prometheus itself reads in it, and what must never be in it."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from arena.client.client import RequestRefused, connect
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.decision import Decision, MindKind
from arena.games.core import Act
from arena.server.counts import Counts, reason_class
from arena.server.exposition import Family, exposed, histogram
from arena.server.metrics import LoopLag, Reloads
from tests.fakes.minds import FakeMinds, RandomMind
from tests.fakes.servers import play_to_end, running
from tests.fakes.sockets import get

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is tested here has nothing to do with storage."""
    return f"sqlite:///{tmp_path / 'arena.db'}"


def read(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.type in ("gauge", "counter", "histogram"), family
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, "every sample once"
            found[key] = sample.value
    return found


async def test_a_match_is_counted(writer: LogWriter, engine: Engine) -> None:
    async with running(writer) as server, connect(server.url, "Zoë") as ann:
        server._reloads = lambda: Reloads(3, 1)
        server._chat_answers = lambda: {"clean": 5, "forgiven": 2}
        fills = ["open", "open", "scripted:sly", *["self"] * 4]
        made = await ann.create(fills=fills, options={"first_night_kill": False})
        before = read((await get(server.url, "/metrics"))[1])
        assert before["arena_rooms", (("purpose", "room"), ("status", "waiting"))] == 1
        assert before["arena_seats", (("kind", "open"),)] == 2
        assert before["arena_seats", (("kind", "script"),)] == 1
        assert before["arena_seats", (("kind", "model"),)] == 4
        assert before["arena_connections", ()] == 1
        await ann.join(made.room)
        async with connect(server.url, "Bob") as bob:
            await bob.join(made.room)
            with pytest.raises(RequestRefused):
                await ann.take_turn(made.room, "day9.talk1", text="hello")
            async with asyncio.timeout(60):
                await asyncio.gather(play_to_end(ann), play_to_end(bob))
            status, text = await get(server.url, "/metrics")
            assert status == 200
    after = read(text)
    decisions = load_match(engine, made.room).decisions
    for kind in (MindKind.PERSON, MindKind.SCRIPT):
        n = sum(d.kind is kind for d in decisions)
        assert after["arena_decision_latency_seconds_count", (("kind", str(kind)),)] == n > 0
        assert after["arena_decision_latency_seconds_bucket", (("kind", str(kind)), ("le", "+Inf"))] == n
    assert after["arena_rooms", (("purpose", "room"), ("status", "over"))] == 1
    assert after["arena_seats", (("kind", "person"),)] == 2
    assert after["arena_matches_finished_total", ()] == 1
    assert after["arena_refused_total", (("code", "act/unknown_turn"),)] == 1
    assert after["arena_reloads_total", ()] == 3
    assert after["arena_reloads_refused_total", ()] == 1
    assert after["arena_chat_answers_total", (("outcome", "forgiven"),)] == 2
    assert after["arena_live_checkpoint_info", (("checkpoint", "fake-1"),)] == 1
    for name in ("outgoing_bytes", "outgoing_bytes_max", "writer_queue_rows", "event_loop_lag_seconds"):
        assert after[f"arena_{name}", ()] >= 0
    for secret in ("Zo", "Bob", made.room, "day9", "werewol", "seer", "Good morning", "scripted:sly"):
        assert secret not in text


async def test_nothing_moves_while_a_match_goes_on(writer: LogWriter) -> None:
    """A number that moves at night would tell how many have something to do."""
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        joined = await ann.join((await ann.create(options={"first_night_kill": False, "talk_budget_s": 600})).room)
        await anext(ann)
        await asyncio.sleep(0.1)
        assert server.status.decisions > 0
        text = (await get(server.url, "/metrics"))[1]
        assert "arena_decision_latency_seconds_count" not in text
        assert '"decisions": 0' in (await get(server.url, "/healthz"))[1]
        await ann.leave(joined.room.room)
        async with asyncio.timeout(30):
            while server.status.games_finished == 0:
                await asyncio.sleep(0.01)
        assert "arena_decision_latency_seconds_count" in (await get(server.url, "/metrics"))[1]
        assert server._counts._pending == {}


async def test_failures_are_counted_by_class_and_never_by_their_words(writer: LogWriter) -> None:
    options = {"max_days": 1, "talk_rounds": 0}
    async with running(writer, FakeMinds(RandomMind(broken=True))) as server, connect(server.url, "Ann") as ann:
        room = (await ann.create(options=options, fills=["self"] * 7)).room
        await ann.watch(room)
        async with asyncio.timeout(60):
            await play_to_end(ann)
        text = (await get(server.url, "/metrics"))[1]
    found = {labels: n for (name, labels), n in read(text).items() if name == "arena_fallback_decisions_total"}
    assert set(found) == {(("reason", "engine"),)}
    assert "fake engine" not in text


@pytest.mark.parametrize(
    ("fallback", "reason"),
    [
        ("deadline", "deadline"),
        ("mind/timeout", "timeout"),
        ("engine/context_full: 9000 tokens", "context_full"),
        ("engine/error: \n# TYPE x counter", "engine"),
        ("act/choice_unknown", "illegal"),
        ("talk/empty", "empty"),
        ("ValueError: Ann says <|im_end|>", "other"),
        ('"} 1\nforged 1', "other"),
        ("", "other"),
    ],
)
def test_a_reason_is_one_of_few_words(fallback: str, reason: str) -> None:
    assert reason_class(fallback) == reason


def test_labels_are_bounded_whatever_is_counted() -> None:
    counts = Counts()
    for n in range(1000):
        counts.refused(f"act/{n}")
        counts.closed(5000 + n)
        counts.decided("m", [Decision(0, "t", "vote", MindKind.MODEL, "self", Act(), 0.1, f"Error{n}: x")], 0.0)
    counts.finished("m")
    assert (set(counts.refusals), set(counts.closes), set(counts.fallbacks)) == ({"other"}, {"other"}, {"other"})


def test_the_format() -> None:
    hostile = 'a "quoted" \\ back\nslash'
    text = exposed(
        [
            Family("x_total", "counter", "Help with \\ and\nline end", [({"k": hostile}, 3), ({}, 0.25)]),
            histogram("h", "H.", (0.1, 1.0), {"model": ((2, 0, 1), 5.5)}),
        ]
    )
    samples = read(text)
    assert samples["x_total", (("k", hostile),)] == 3
    assert samples["x_total", ()] == 0.25
    bucket = {labels[1][1]: n for (name, labels), n in samples.items() if name == "h_bucket"}
    assert bucket == {"0.1": 2, "1": 2, "+Inf": 3}
    assert samples["h_sum", (("kind", "model"),)] == 5.5
    assert re.fullmatch(r"(?:[^\n]+\n)+", text)


async def test_a_blocked_loop_shows() -> None:
    lag = LoopLag()
    watching = asyncio.create_task(lag.watch())
    await asyncio.sleep(0.05)
    time.sleep(0.6)  # noqa: ASYNC251  (this is what the test is about)
    await asyncio.sleep(0.05)
    watching.cancel()
    assert 0.2 < lag.worst_s < 5

from __future__ import annotations

import gc

from arena.garbage import PACE, calm_collector


class Node:
    other: Node


def test_the_collector_is_calm_within_and_as_before_afterwards() -> None:
    usual = gc.get_threshold()
    with calm_collector():
        assert gc.get_threshold() == PACE
        assert gc.get_freeze_count() > 0
        assert gc.isenabled()
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0


def test_cycles_are_still_found() -> None:
    with calm_collector():
        before = gc.get_stats()[0]["collected"]
        for _ in range(2 * PACE[0]):
            node = Node()
            node.other = node
        assert gc.get_stats()[0]["collected"] - before > PACE[0] // 2

"""Run simulated matches: ``--seed N -v`` shows one, message by message; ``--seeds A B`` counts what happens in many."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from typing import Final

from tests.simulation.world import World

COMMAND: Final = "python -m tests.simulation.run --seed {seed} -v"


def show(line: object) -> None:
    sys.stdout.write(f"{line}\n")


def simulate(seed: int, counts: Counter[str] | None = None) -> str:
    """Run one seed; the hash over all that was sent and stored.

    Raises:
        AssertionError: something that must hold does not; the message names the command that shows it.
    """
    world = World(seed)
    try:
        result = world.run()
    except Exception as error:
        raise AssertionError(f"seed {seed}: {error}\nSee what happened with: {COMMAND.format(seed=seed)}") from error
    if counts is not None:
        counts.update(world.counts)
        counts["seeds"] += 1
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.run", description=__doc__)
    parser.add_argument("--seed", type=int, nargs="+", help="replay these")
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FROM", "TO"), help="run these, TO excluded")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every message and every accident")
    args = parser.parse_args()
    if args.seed is not None:
        return max(_one(seed, args.verbose) for seed in args.seed)
    counts: Counter[str] = Counter()
    failed = 0
    begun = time.process_time()
    for seed in range(*(args.seeds or (0, 100))):
        try:
            simulate(seed, counts)
        except AssertionError as error:
            failed += 1
            show(error)
    taken = time.process_time() - begun
    show(f"{counts['seeds']} seeds passed, {failed} failed, {taken:.1f} s of CPU time, "
          f"{(counts['seeds'] + failed) / taken:.1f} seeds a second")  # fmt: skip
    for what, n in sorted(counts.items(), key=lambda item: -item[1]):
        show(f"{n:9,} {what}")
    return 1 if failed else 0


def _one(seed: int, verbose: bool) -> int:
    world = World(seed, trace=show if verbose else None)
    if verbose:
        show(world.scenario)
    try:
        show(f"seed {seed}: {world.run()}")
    except Exception as error:
        show(f"seed {seed} failed: {error}")
        return 1
    finally:
        show("# " + ", ".join(f"{n} {what}" for what, n in sorted(world.counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())

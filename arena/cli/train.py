"""``arena train``: logged games in, a better checkpoint out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arena.cli.train_status import status

if TYPE_CHECKING:
    from training.selfplay import SelfPlayPlan
    from training.train import Trained, TrainPlan


train = typer.Typer(invoke_without_command=True)
train.command()(status)


@train.callback()
def learn(
    context: typer.Context,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    model: Annotated[str, typer.Option(metavar="NAME_OR_PATH", help="What is trained further.")] = "live",
    game: Annotated[str, typer.Option(help="Of which game.")] = "werewolf",
    games: Annotated[int, typer.Option(min=1, help="Use at most this many logged games, the newest ones.")] = 2_000,
    export: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Logged games from arena export, not the database.")
    ] = None,
    run: Annotated[str, typer.Option(help="Name of the run; the same name goes on with its optimiser.")] = "main",
    out: Annotated[Path | None, typer.Option(help="Folder for runs; by default this user's own.")] = None,
    estimator: Annotated[str, typer.Option(help="Credit: hierarchical, flat, turn, rae or group.")] = "hierarchical",
    critic: Annotated[str, typer.Option(help="central sees all secrets while training; seat does not.")] = "central",
    counterfactual: Annotated[
        bool, typer.Option(help="Credit votes and night choices by exactly what they changed.")
    ] = True,
    all_options: Annotated[
        bool, typer.Option(help="Let a credited choice teach for every option, not only for the one that was drawn.")
    ] = False,
    mirror: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="With --all-options, a step of mirror descent of this size instead of a policy gradient: what was "
            "given up comes back as fast as anything else. 0: the gradient.",
        ),
    ] = 0.0,
    by_kind: Annotated[
        bool, typer.Option(help="Scale the advantages of each kind of turn by their own deviation, not all by one.")
    ] = False,
    in_wins: Annotated[
        bool,
        typer.Option(help="Leave advantages in wins, not in standard deviations; --kl is then in wins too."),
    ] = False,
    talk: Annotated[
        float, typer.Option(min=0.0, max=100.0, help="How much the credit of words counts beside that of choices.")
    ] = 1.0,
    lr: Annotated[float, typer.Option(min=0.0, help="Learning rate of the policy.")] = 5e-4,
    muon: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Learning rate of the layers' matrices under Muon (4e-3 to 8e-3); --lr is then that of embeddings and "
            "norms. 0: AdamW for everything.",
        ),
    ] = 0.0,
    final_lr: Annotated[
        float,
        typer.Option(min=0.01, max=1.0, help="Share of the learning rates left at the end of --iterations."),
    ] = 1.0,
    kl: Annotated[float, typer.Option(min=0.0, help="Weight of the distance to the reference.")] = 0.02,
    magnet_every: Annotated[
        int, typer.Option(min=0, help="Let the reference become the policy after so many updates, again and again.")
    ] = 0,
    passes: Annotated[int, typer.Option(min=1, max=16, help="Passes over the games in an update.")] = 2,
    minibatch: Annotated[int, typer.Option(min=1, help="Games in one step of the optimiser.")] = 64,
    polls: Annotated[
        bool, typer.Option(help="Credit words by how they change the choices that the table would make just then.")
    ] = False,
    afterwards: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="With --polls, how much of what others made of a message counts as well."),
    ] = 0.5,
    grammar: Annotated[
        float, typer.Option(min=0.0, help="What a garbled message costs, in wins; for models taught by the scripts.")
    ] = 0.0,
    early_out: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of a win that a seat loses with each phase that it was out before."),
    ] = 0.0,
    imitate: Annotated[
        float,
        typer.Option(
            min=0.0,
            metavar="SHARE",
            help="Learn also from what the people named by --imitated did, in logged matches where all agreed to "
            "training: how much a turn of theirs counts beside one of the model's.",
        ),
    ] = 0.0,
    imitated: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="With --imitate, a person who agreed that their own words and choices are learnt from, which is more "
            "than the game asks for; can be repeated.",
        ),
    ] = None,
    listening: Annotated[
        float,
        typer.Option(
            min=0.0,
            metavar="W",
            help="Learn also to tell what is hidden, where seats that do not know it are asked: how much −log p of the "
            "truth counts beside the policy's loss. 0.05 is much already.",
        ),
    ] = 0.0,
    keep: Annotated[
        float,
        typer.Option(min=0.1, max=1.0, help="Share of the decisions learnt from, those with most advantage first."),
    ] = 1.0,
    bf16: Annotated[
        bool, typer.Option(help="Compute in bf16 and keep weights in fp32, where this machine multiplies bf16 faster.")
    ] = False,
    lora: Annotated[
        int,
        typer.Option(
            min=0,
            max=512,
            metavar="RANK",
            help="Train an adapter of this rank instead of the full weights, for large models; 0: the weights.",
        ),
    ] = 0,
    iterations: Annotated[
        int, typer.Option(min=0, help="Play and learn this often instead of learning once from the log.")
    ] = 0,
    games_per_iteration: Annotated[int, typer.Option(min=2, help="Self-play games before each update.")] = 192,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="An option of the game, for self-play and trials; may be repeated."),
    ] = None,
    deal_again: Annotated[
        int, typer.Option(min=1, help="Play every deal so many times; the estimator group compares those games.")
    ] = 1,
    overlap: Annotated[
        bool, typer.Option(help="Play the next games while learning; they are then one update behind.")
    ] = False,
    league: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="SHARE",
            help="Share of the games in which one side is played by the model that the run began with, by one of its "
            "checkpoints or by an --opponent, and does not learn.",
        ),
    ] = 0.0,
    opponent: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further player of the --league, as for evaluate; can be repeated."),
    ] = None,
    alarms: Annotated[
        bool,
        typer.Option(help="Take the policy back, and stop at last, where its talk, entropy or gradients go wrong."),
    ] = True,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Stop iterating after this time.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Of the linear algebra.")] = 1,
    live: Annotated[bool, typer.Option(help="Make the new checkpoint live: running servers take it up.")] = True,
    trial: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="A checkpoint goes live if at most N deals, each played by both, show it no worse than the live "
            "one; 0 asks for nothing.",
        ),
    ] = 300,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write files for TensorBoard into the run's folder as well.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what the log would teach, with one match turn by turn; learn nothing."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Train on logged games; the new checkpoint goes live.

    With --iterations it plays its own games: play, learn, again. How runs go, arena train status
    tells, and arena train plot draws.
    """
    if context.invoked_subcommand is not None:
        return
    import logging

    from arena.cli.arguments import game_options
    from arena.cli.progress import progress_to
    from arena.db.engine import open_database
    from arena.errors import OptionError
    from arena.paths import checkpoints_folder, default_database_url

    logging.getLogger("accelerate").setLevel(logging.ERROR)
    database = open_database(db or default_database_url())
    from training.plan import LearnPlan
    from training.precision import bf16_is_fast
    from training.train import TrainPlan, train_from_log
    from training.trial import TrialPlan

    if bf16 and not bf16_is_fast():
        typer.echo("This processor multiplies bf16 more slowly than fp32: computing in fp32.", err=True)
        bf16 = False
    plan = TrainPlan(
        model=model,
        game=game,
        run=run,
        games=games,
        export=export,
        learn=LearnPlan(
            lr=lr,
            muon=muon,
            final_lr=final_lr,
            kl_weight=kl,
            magnet_every=magnet_every,
            passes=passes,
            minibatch=minibatch,
            estimator=estimator,
            critic=critic,
            counterfactual=counterfactual,
            all_options=all_options,
            mirror=mirror,
            by_kind=by_kind,
            in_wins=in_wins,
            talk=talk,
            grammar=grammar,
            early_out=early_out,
            imitate=imitate,
            listening=listening,
            polls=polls,
            afterwards=afterwards,
            keep=keep,
            bf16=bf16,
            lora=lora,
            seed=seed,
        ),
        live=live,
        trial=TrialPlan(deals=trial) if trial else None,
        tensorboard=tensorboard,
        imitated=tuple(imitated or ()),
        options=game_options(option or ()),
    )
    if iterations and (export is not None or dry_run):
        raise OptionError("--iterations plays its own games: leave --from and --dry-run out.")
    folder = out or checkpoints_folder()
    if dry_run:
        from arena.cli.dry_run import show_preview
        from training.preview import preview
        from training.train import Trainer

        trainer = Trainer(database, plan, folder, threads)
        show_preview(preview(trainer.learner, trainer.from_log(), trainer.terms), as_json=as_json)
        return
    with progress_to("Training") as show:
        if iterations:
            from training.league import LeaguePlan
            from training.selfplay import SelfPlayPlan

            seconds = None if minutes is None else 60 * minutes
            selfplay = SelfPlayPlan(
                iterations, games_per_iteration, deal_again,
                overlap=overlap, alarms=alarms, max_seconds=seconds,
                league=LeaguePlan(league, tuple(opponent or ())),
            )  # fmt: skip
            trained = _by_selfplay(database, plan, selfplay, folder, show, threads)
        else:
            trained = train_from_log(database, plan, folder, show, threads)
    if as_json:
        typer.echo(json.dumps(as_dict(trained, live)))
        return
    m = trained.manifest
    last = trained.figures[-1]
    typer.echo(f"Checkpoint {m.id} (parent {m.parent}) at {trained.path}")
    typer.echo(
        f"{last.episodes} games, {last.decisions} decisions · critic explains {last.explained:.0%} · "
        f"KL to the reference {last.kl_reference:.3f} · entropy of talk {last.talk_entropy:.2f}, "
        f"of choices {last.choice_entropy:.2f} · {trained.seconds:.0f} s"
    )
    if imitate:
        typer.echo(f"What people did cost {last.imitation:.2f} nats a token.")
    if listening:
        typer.echo(f"What is hidden cost {last.listening:.2f} nats a probe, before the last update.")
    for reason, n in sorted({**trained.masked, **trained.skipped}.items()):
        typer.echo(f"left out: {n} × {reason}")
    for alarm in trained.alarms:
        typer.echo(f"alarm: {alarm}")
    for tried in trained.trials:
        typer.echo(f"trial of {tried.candidate}: {tried}")
    if live and trained.went_live:
        typer.echo("It is live: servers on this database take it up within seconds.")
    elif live:
        typer.echo(f"It is not live. To make it so all the same: arena checkpoints --promote {m.id}")


@train.command()
def plot(
    runs: Annotated[list[str] | None, typer.Argument(metavar="RUN...", help="Runs to compare. [default: main]")] = None,
    picture: Annotated[Path, typer.Option("--to", metavar="FILE", help="Picture to write: .png, .svg or .pdf.")] = Path(
        "curves.png"
    ),
    out: Annotated[Path | None, typer.Option(help="Folder of the runs; by default this user's own.")] = None,
) -> None:
    """Draw the curves of training runs over the games that they learnt from."""
    from arena.paths import checkpoints_folder
    from training.curves import draw, read

    folder = out or checkpoints_folder()
    points = {run: read(folder / run) for run in runs or ["main"]}
    draw(points, picture)
    for run, of in points.items():
        last = of[-1]
        wins = ", ".join(f"{side} {share:.2f}" for side, share in last.wins.items() if share)
        typer.echo(f"{run}: {len(of)} updates, {last.games} games; the last one: {wins}")
    typer.echo(f"Drawn in {picture}")


def as_dict(trained: Trained, live: bool) -> dict[str, Any]:
    m = trained.manifest
    return {
        "checkpoint": m.id,
        "parent": m.parent,
        "path": str(trained.path),
        "run": m.run,
        "games": m.games,
        "live": live and trained.went_live,
        "trials": [asdict(tried) for tried in trained.trials],
        "updates": [f.to_json() for f in trained.figures],
        "masked": trained.masked,
        "skipped": trained.skipped,
        "alarms": list(trained.alarms),
        "seconds": round(trained.seconds, 2),
    }


def _by_selfplay(
    database: Any, plan: TrainPlan, selfplay: SelfPlayPlan, folder: Path, show: Any, threads: int
) -> Trained:
    import asyncio
    from statistics import fmean

    from agents.runner import no_log
    from training.selfplay import train_by_selfplay

    def report(iteration: int, figures: Any, played: Any, met: Mapping[str, float]) -> None:
        if played[0].game.scored:
            how = f"return {fmean(r for p in played for r in p.outcome.returns):+.3f}"
        else:
            side = min(played[0].outcome.sides)
            alone = [p for p in played if not p.lineup.label]
            won = sum(p.outcome.winner == side for p in alone)
            how = f"{side} {won / len(alone):.2f}" if alone else "all against others"
        typer.echo(
            f"{iteration + 1}/{selfplay.iterations}: {how} · explained {figures.explained:.2f} · "
            f"KL {figures.kl_reference:.3f} · clipped {figures.clipped:.2f} · talk {figures.talk_entropy:.2f} · "
            f"choice {figures.choice_entropy:.2f} · garbled {figures.garbled:.1%}",
            err=True,
        )
        for meeting, share in sorted(met.items()):
            typer.echo(f"  {meeting}: {share:.2f} of the points", err=True)

    return asyncio.run(train_by_selfplay(database, plan, selfplay, folder, no_log, show, report, threads))

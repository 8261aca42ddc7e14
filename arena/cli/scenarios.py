"""``arena scenarios``: the hand-written scenarios, and the user's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from arena.games.scenario.library import Library
    from arena.games.scenario.spec import Scenario

scenarios = typer.Typer(
    help="List the social scenarios, show one, check your own, or import others.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")]

IMPORTED = "sotopia.yaml"


@scenarios.command("list")
def list_(
    seats: Annotated[int | None, typer.Option(min=2, max=8, help="Only those for so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """List all scenarios: the shipped ones and those in your folder."""
    library = _library()
    found = [library.find(id) for id in library.ids(seats)]
    if as_json:
        rows = [
            {
                "id": s.id,
                "title": s.title,
                "seats": len(s.parts),
                "names": list(s.names),
                "settled_by": _settled_by(s),
                "from": library.source(s.id),
            }
            for s in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not found:
        typer.echo("There is no such scenario.", err=True)
        return
    wide = max(len(s.id) for s in found)
    typer.echo(f"{'id':{wide}}  {'title':40}  seats  {'by rule':7}  from")
    for s in found:
        source = Path(library.source(s.id)).name
        typer.echo(f"{s.id:{wide}}  {s.title:40}  {len(s.parts):>5}  {_settled_by(s) or '':7}  {source}")


@scenarios.command()
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="As arena scenarios list shows it.")],
    seat: Annotated[int | None, typer.Option(help="Only what this seat sees; the first is 0.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a scenario with the whole card of each seat."""
    from arena.errors import OptionError

    scenario = _library().find(id)
    if seat is not None and not 0 <= seat < len(scenario.parts):
        raise OptionError(f"There is no seat {seat}; {id} has the seats 0 to {len(scenario.parts) - 1}.")
    if as_json:
        typer.echo(json.dumps(_seen_as_dict(scenario, seat), ensure_ascii=False, indent=2))
        return
    typer.echo(f"{scenario.title} ({scenario.id})\n\n{scenario.situation}\n")
    typer.echo("At the table: " + "; ".join(_introduced(scenario, i) for i in range(len(scenario.parts))) + ".")
    for line in _matter(scenario):
        typer.echo(line)
    for shown in range(len(scenario.parts)) if seat is None else (seat,):
        typer.echo("")
        for line in _card(scenario, shown, whole=seat is None):
            typer.echo(line)


@scenarios.command()
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE_OR_FOLDER...", help="YAML files, or folders of them.")],
    as_json: AsJson = False,
) -> None:
    """Check scenarios of your own. Status 1 if anything is wrong, with a line for each problem."""
    from arena.games.scenario.files import Problem, yaml_files
    from arena.games.scenario.files import check as check_file
    from arena.games.scenario.library import characters, shipped

    taken = dict.fromkeys(shipped(), "the shipped scenarios")
    problems: list[Problem] = []
    files = list(dict.fromkeys(file for path in paths for file in yaml_files(path)))
    whole = 0
    for file in files:
        sheaf = check_file(file, characters())
        problems += sheaf.problems
        for scenario, line in zip(sheaf.scenarios, sheaf.lines, strict=True):
            if scenario.id in taken:
                text = f"the id {scenario.id!r} is taken by {taken[scenario.id]}; give it another."
                problems.append(Problem(file.name, line, text))
            else:
                taken[scenario.id] = file.name
                whole += 1
    if as_json:
        listed = [{"file": p.where, "line": p.line, "problem": p.text} for p in problems]
        typer.echo(json.dumps({"files": len(files), "scenarios": whole, "problems": listed}, ensure_ascii=False))
    else:
        for problem in problems:
            typer.echo(str(problem))
        typer.echo(f"{len(files)} files, {whole} good scenarios, {len(problems)} problems.", err=True)
    if problems:
        raise typer.Exit(1)


@scenarios.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="SOTOPIA's data, .json or .jsonl.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to; by default your scenarios' folder.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help=f"Write over an {IMPORTED} that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import SOTOPIA's published data, which you fetch yourself: environments with agents, or episodes."""
    from itertools import chain

    from arena.errors import OptionError
    from arena.games.scenario.files import dump
    from arena.games.scenario.sotopia import CREDIT, read_records, scenarios_from
    from arena.paths import scenarios_folder

    target = (out or scenarios_folder()) / IMPORTED
    if target.exists() and not replace:
        raise OptionError(f"{target} is there already; give --replace, or another folder with --out.")
    done = scenarios_from(chain.from_iterable(read_records(file) for file in files))
    if done.scenarios:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(dump(done.scenarios, CREDIT), "utf-8")
        except OSError as error:
            raise OptionError(f"{target} cannot be written: {error.strerror}.") from None
    if as_json:
        report = {
            "file": str(target) if done.scenarios else None,
            "scenarios": [s.id for s in done.scenarios],
            "shortened": list(done.shortened),
            "credit": CREDIT,
            "skipped": [{"record": s.where, "reason": s.reason} for s in done.skipped],
        }
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        for skipped in done.skipped:
            typer.echo(f"{skipped.where}: skipped: {skipped.reason}.")
        typer.echo(
            f"{len(done.scenarios)} imported, {len(done.shortened)} of them shortened, {len(done.skipped)} skipped."
        )
        if done.scenarios:
            typer.echo(f"They are in {target}.\n\n{CREDIT}", err=True)
    if not done.scenarios:
        raise typer.Exit(1)


def _library() -> Library:
    from arena.games.scenario.library import Library

    return Library.of_user()


def _settled_by(scenario: Scenario) -> str | None:
    if scenario.terms is not None:
        return "terms"
    return "giving" if scenario.giving is not None else None


def _introduced(scenario: Scenario, seat: int) -> str:
    person = scenario.parts[seat].character
    return f"{person.name}, {person.age}, {person.occupation}"


def _matter(scenario: Scenario) -> list[str]:
    lines: list[str] = []
    if scenario.terms is not None:
        lines.append(f"To be settled ({scenario.terms.needs} of {len(scenario.parts)} must agree):")
        lines += [f"  {issue.name}: {' / '.join(issue.options)}" for issue in scenario.terms.issues]
    if scenario.giving is not None:
        giving = scenario.giving
        lines.append(
            f"Each has {giving.purse} coins and gives some in secret; {giving.percent} per cent is shared out."
        )
    return lines


def _card(scenario: Scenario, seat: int, *, whole: bool) -> list[str]:
    """What only this seat sees; ``whole``: with the truth that it is to guess, too."""
    part, terms, guess = scenario.parts[seat], scenario.terms, scenario.guess_of(seat)
    person = part.character
    lines = [f"{person.name} (seat {seat})"]
    lines += [f"  Traits: {', '.join(person.traits)}"] if person.traits else []
    lines += [f"  Values: {', '.join(person.values)}"] if person.values else []
    lines.append(f"  Goal: {part.goal}")
    if part.secret is not None:
        told = f" (told by: {', '.join(part.secret.tells)})" if part.secret.tells else ""
        lines.append(f"  Secret: {part.secret.text}{told}")
    lines += [f"  Knows: {text}" for text in part.knows]
    lines += [f"  {name} is {text}." for name, text in part.relations]
    if terms is not None:
        for issue, worths in zip(terms.issues, terms.worths[seat], strict=True):
            pairs = zip(issue.options, worths, strict=True)
            lines.append(f"  {issue.name}: " + ", ".join(f"{option} ({worth})" for option, worth in pairs))
        lines.append(f"  No agreement: {terms.walk[seat]}")
    if guess is not None:
        lines.append(f"  Asked at the end: {guess.question} {' / '.join(guess.choices)}")
        lines += [f"  The truth: {guess.truth}"] if whole else []
    return lines


def _seen_as_dict(scenario: Scenario, seat: int | None) -> dict[str, Any]:
    """The scenario as plain JSON, or what one seat sees of it."""
    raw = scenario.to_json()
    if seat is None:
        return raw
    public = ("name", "age", "occupation")
    others = [{k: part["character"][k] for k in public} for part in raw["parts"]]
    terms, guess = raw["terms"], scenario.guess_of(seat)
    return {
        "id": raw["id"],
        "title": raw["title"],
        "situation": raw["situation"],
        "seat": seat,
        "table": others,
        "part": raw["parts"][seat],
        "terms": terms and {**terms, "worths": terms["worths"][seat], "walk": terms["walk"][seat]},
        "giving": raw["giving"],
        "guess": guess and {"about": guess.about, "question": guess.question, "choices": list(guess.choices)},
    }

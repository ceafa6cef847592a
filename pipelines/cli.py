"""The command ``bankcrm``."""

from __future__ import annotations

import csv
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.errors import BankcrmError
from pipelines.settings import Settings

app = typer.Typer(
    help="bankcrm: from a bank's nightly extracts to a published star schema and its cubes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
quarantine = typer.Typer(
    help="See the rows that were turned away, and bring corrected ones back.", no_args_is_help=True
)
app.add_typer(quarantine, name="quarantine")
console = Console()
errors = Console(stderr=True)

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of all data; BANKCRM_HOME or ./var unless given."),
]
Feed = Annotated[str, typer.Argument(help="Feed as source.feed.")]
Night = Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date.")]


def acts_on_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Print an error of ours as problem and remedy, and exit with its code."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except BankcrmError as error:
            errors.print(f"[bold red]Error[/bold red] {type(error).__name__}: ", end="")
            errors.print(error.problem, markup=False, highlight=False)
            if error.remedy:
                errors.print("[bold]Next[/bold]  ", end="")
                errors.print(error.remedy, markup=False, highlight=False)
            raise typer.Exit(error.exit_code) from error

    return run


@app.callback()
def configure(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log to the screen.")] = False,
) -> None:
    """Logging is the same for every command."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )


@app.command()
@acts_on_errors
def sample(
    home: Home = None,
    customers: Annotated[int, typer.Option(min=50, help="Customers of the bank.")] = 2000,
    days: Annotated[int, typer.Option(min=1, help="Business dates to deliver.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed makes the same bank.")] = 7,
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First business date.")
    ] = datetime(2024, 1, 1),
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing when something was delivered already.")
    ] = False,
) -> None:
    """Deliver a generated bank into the landing folder."""
    from pipelines.sources.sample import make_sample_bank

    settings = _settings(home)
    if _has_deliveries(settings):
        if if_empty:
            return
        raise BankcrmError(
            f"{settings.landing_folder} already holds deliveries",
            "Use another --home, or remove the folder.",
        )
    with _progress("Making the sample bank", days) as advance:
        summary = make_sample_bank(
            settings.landing_folder,
            customers=customers,
            days=days,
            seed=seed,
            start=start.date(),
            truth_folder=settings.home / "truth",
            on_progress=advance,
        )
    _print_extracts(summary.rows, settings)


@app.command()
@acts_on_errors
def berka(
    folder: Annotated[Path, typer.Argument(help="Folder with the PKDD'99 files (*.asc).")],
    home: Home = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last business date to deliver.")
    ] = None,
) -> None:
    """Deliver the PKDD'99 bank, night by night, into the landing folder."""
    from pipelines.sources.berka import make_berka_extracts

    settings = _settings(home)
    if _has_deliveries(settings):
        raise BankcrmError(
            f"{settings.landing_folder} already holds deliveries",
            "Use another --home, or remove the folder.",
        )
    with _progress("Making the extracts", None) as advance:
        summary = make_berka_extracts(
            folder,
            settings.landing_folder,
            until=until.date() if until else None,
            on_progress=advance,
        )
    _print_extracts(summary.rows, settings)


@app.command()
@acts_on_errors
def check(
    file: Annotated[Path, typer.Argument(help="A data file, before it is delivered.")],
    feed: Annotated[
        str | None, typer.Option(help="Feed as source.feed; told by the control file if absent.")
    ] = None,
    docs: Annotated[
        Path | None, typer.Option(help="Also write a page about the file into this folder.")
    ] = None,
) -> None:
    """Tell everything that is wrong with a file before it is delivered."""
    from pipelines.checking import check_and_print

    if not check_and_print(console, file, feed, docs):
        raise typer.Exit(3)


@app.command()
@acts_on_errors
def refresh(
    home: Home = None,
    one_night: Annotated[
        bool, typer.Option("--one-night", help="Stop after the next waiting business date.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the night's feeds until their deadlines.")
    ] = False,
) -> None:
    """Load what was delivered, build and check the star schema, publish it.

    Exit codes: 0 published or nothing to do; 3 a file was rejected; 4 a business date waits;
    5 the build failed; 6 another refresh is at work; 8 a check holds a business date back; 9 the
    disk is full; 12 parameters contradict each other; 13 the audit log is broken; 14 publishing is
    held after a rollback; 15 a feed missed its deadline; 143 stopped by SIGTERM.
    """
    from pipelines.operations.signals import stop_on_sigterm
    from pipelines.progress import ProgressWatcher
    from pipelines.refresh import refresh as run_refresh
    from pipelines.summary import print_report

    settings = _settings(home)
    with stop_on_sigterm(), ProgressWatcher(console) as watcher:
        report = run_refresh(settings, one_night=one_night, wait=wait, watcher=watcher)
    print_report(console, settings, report)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


@app.command()
@acts_on_errors
def status(home: Home = None) -> None:
    """Show what is published, how each feed stands, and what to do next."""
    from pipelines.status import print_status

    print_status(console, _settings(home))


@app.command()
@acts_on_errors
def runs(
    run: Annotated[int | None, typer.Argument(help="Number of a run, to see its steps.")] = None,
    home: Home = None,
) -> None:
    """List the runs of the refresh, or show the steps of one."""
    from pipelines.status import print_run, print_runs

    settings = _settings(home)
    if run is None:
        print_runs(console, settings)
    else:
        print_run(console, settings, run)


@app.command()
@acts_on_errors
def serve(home: Home = None) -> None:
    """Answer cube queries from the published version, until stopped: over HTTP, and for PostgreSQL
    clients where BANKCRM_WIRE_PORT is set."""
    from cube.server.serve import run

    settings = _settings(home)
    logging.getLogger().setLevel(logging.INFO)
    console.print(f"Cube API on http://{settings.host}:{settings.port}/cubejs-api/v1/meta")
    if settings.wire_port is not None:
        console.print(f"PostgreSQL clients on {settings.host}:{settings.wire_port}")
    run(settings)


@app.command()
@acts_on_errors
def token(
    group: Annotated[list[str], typer.Option(help="Group of the user; may be given again.")],
    branch: Annotated[
        str | None, typer.Option(help="Id of the unit whose subtree a branch manager sees.")
    ] = None,
    manager: Annotated[
        str | None, typer.Option(help="Id of the manager whose book a customer manager sees.")
    ] = None,
    user: Annotated[str, typer.Option(help="Name of the user.")] = "developer",
    hours: Annotated[float, typer.Option(help="How long the token holds.")] = 8,
    home: Home = None,
) -> None:
    """Print a token of the cube API, for development: needs BANKCRM_API_SECRET."""
    from datetime import timedelta

    from cube.server.access import AccessControl
    from cube.server.auth import make_token
    from cube.server.errors import suggest
    from cube.server.model import load_model

    known = sorted(AccessControl(load_model()).groups)
    for name in group:
        if name not in known:
            raise BankcrmError(
                f"'{name}' is not a group of the cubes{suggest(name, known)}",
                f"The groups are {', '.join(known)}.",
            )
    claims = {"sub": user, "branch_id": branch, "manager_id": manager}
    given = {name: value for name, value in claims.items() if value is not None}
    typer.echo(make_token(_settings(home), group, timedelta(hours=hours), given))


@app.command()
@acts_on_errors
def sql(
    query: Annotated[str, typer.Argument(help="One SQL query; - reads it from standard input.")],
    home: Home = None,
    version: Annotated[str | None, typer.Option(help="Version to read.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Run a query on the published version: read-only, without files or network."""
    from pipelines.summary import print_query
    from pipelines.versions import open_published

    text = sys.stdin.read() if query == "-" else query
    with open_published(_settings(home), version) as connection:
        try:
            if as_csv:
                _write_csv(connection.execute(text))
            else:
                print_query(console, connection, text)
        except duckdb.Error as error:
            raise BankcrmError(
                str(error), "Correct the query; `show all tables` lists what there is."
            ) from error


@app.command()
@acts_on_errors
def rollback(
    home: Home = None,
    to: Annotated[
        str | None, typer.Option(help="Version to return to; else the one before.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")] = "",
    release: Annotated[
        bool, typer.Option("--release", help="End the hold instead: the next refresh publishes.")
    ] = False,
) -> None:
    """Publish an earlier version again, and hold publishing until it is released.

    Meanwhile a refresh loads, builds and checks, keeps the build, and ends with exit code 14.
    """
    from pipelines.rollback import release_and_print, roll_back_and_print

    if release:
        release_and_print(console, _settings(home), to, reason)
    else:
        roll_back_and_print(console, _settings(home), to, reason)


@quarantine.command("list")
@acts_on_errors
def list_quarantine(
    home: Home = None,
    feed: Annotated[str | None, typer.Option(help="Only this source.feed.")] = None,
    limit: Annotated[int, typer.Option(help="Most rows to show.")] = 50,
) -> None:
    """List the rows in quarantine, newest first."""
    from pipelines.quarantine_commands import print_quarantine

    print_quarantine(console, _settings(home), feed, limit)


@quarantine.command("show")
@acts_on_errors
def show_quarantine(
    feed: Feed,
    night: Night,
    home: Home = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the rows here, to be corrected.")
    ] = None,
) -> None:
    """Show the quarantined rows of one night, or write them to be corrected."""
    from pipelines.quarantine_commands import print_quarantined_rows

    print_quarantined_rows(console, _settings(home), feed, night, csv_file)


@quarantine.command("release")
@acts_on_errors
def release_quarantine(
    feed: Feed,
    night: Night,
    corrections: Annotated[Path, typer.Option("--with", help="The corrected CSV file.")],
    home: Home = None,
) -> None:
    """Deliver a night's file again with corrected rows; the next refresh judges it."""
    from pipelines.quarantine_commands import release_quarantined_rows

    release_quarantined_rows(console, _settings(home), feed, night, corrections)


@app.command()
@acts_on_errors
def verify(home: Home = None) -> None:
    """Compare every version with what was published, byte by byte. Exit code 10: one is damaged."""
    from pipelines.versions import verify_versions

    found = verify_versions(_settings(home))
    for version, problem in found.items():
        console.print(f"{version}: {problem or 'sound'}", markup=False, highlight=False)
    if any(found.values()):
        raise typer.Exit(10)


@app.command()
@acts_on_errors
def waive(
    rule: Annotated[str, typer.Argument(help="A test under tests/dbt, or CHECK:SOURCE.FEED.")],
    day: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date of the finding.")
    ],
    reason: Annotated[str, typer.Option(help="Why it is right to publish all the same.")],
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day on which the waiver counts.")
    ],
    home: Home = None,
) -> None:
    """Record the decision to publish although a check found something."""
    from pipelines.operations.journal import today
    from pipelines.operations.waivers import waive as record_waiver

    settings = _settings(home)
    waiver = record_waiver(settings, rule, day.date(), reason, until=until.date(), today=today())
    console.print(
        f"Waived until {waiver.until}: {waiver.rule} of {waiver.business_date}, decided by "
        f"{waiver.decided_by}. Run `bankcrm refresh`.",
        markup=False,
        highlight=False,
    )


@app.command()
@acts_on_errors
def revoke(
    rule: Annotated[str, typer.Argument(help="The rule that was waived.")],
    day: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date of the finding.")
    ],
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")],
    home: Home = None,
) -> None:
    """End a waiver before its day: its finding holds back again from the next refresh on."""
    from pipelines.operations.journal import today
    from pipelines.operations.waivers import revoke as revoke_waiver

    revoke_waiver(_settings(home), rule, day.date(), reason, today())
    console.print(f"Revoked: {rule} of {day.date()}.", markup=False, highlight=False)


@app.command()
@acts_on_errors
def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to write; must not exist.")],
    home: Home = None,
    vault: Annotated[
        Path | None,
        typer.Option(help="Also copy the vault, with clear personal values, into this folder."),
    ] = None,
) -> None:
    """Copy raw data, the published version, journal and decisions, and check the copies."""
    from pipelines.operations.backup import back_up

    manifest = back_up(_settings(home), folder, vault)
    console.print(f"Backed up {manifest.version} into {folder}.", highlight=False)


@app.command()
@acts_on_errors
def restore(
    folder: Annotated[Path, typer.Argument(help="Folder that `bankcrm backup` wrote.")],
    home: Home = None,
    vault: Annotated[
        Path | None, typer.Option(help="Also bring back this copy of the vault.")
    ] = None,
) -> None:
    """Bring a backup back into an empty home, checked before anything is written."""
    from pipelines.operations.backup import restore as restore_backup

    settings = _settings(home)
    manifest = restore_backup(settings, folder, vault)
    console.print(
        f"Restored {manifest.version} into {settings.home}. Deliver what came since, and run "
        "`bankcrm refresh`.",
        highlight=False,
    )


@app.command()
@acts_on_errors
def deadman(
    home: Home = None,
    by: Annotated[
        datetime,
        typer.Option(formats=["%H:%M"], help="Time by which a night has ended well."),
    ] = datetime(1900, 1, 1, 6),
) -> None:
    """Tell whether a refresh ended well by a time of day; exit code 11 and an alert if none did."""
    from pipelines.errors import NoSuccess
    from pipelines.operations.alerts import alert_about_error
    from pipelines.operations.success import require_success

    settings = _settings(home)
    try:
        last = require_success(settings, by.time())
    except NoSuccess as error:
        alert_about_error(settings, error)
        raise
    console.print(f"Run {last.run_id} ended well at {last.at:%Y-%m-%d %H:%M} UTC.")


@app.command()
@acts_on_errors
def contracts() -> None:
    """Render what comes from the feed contracts: staging yml and the delivery guide."""
    from pipelines.loading.delivery_guide import write_delivery_guide
    from pipelines.staging import write_staging

    for path in [*write_staging(), write_delivery_guide()]:
        console.print(f"written {path}", highlight=False)


@app.command()
@acts_on_errors
def explain(
    query: Annotated[
        str, typer.Argument(help="One cube query as JSON; - reads it from standard input.")
    ],
    home: Home = None,
    as_sql: Annotated[bool, typer.Option("--sql", help="Print the SQL only.")] = False,
) -> None:
    """What a cube query means: its plan, its SQL, and the mart column behind each member."""
    from cube.server.explain import explain_text

    text = sys.stdin.read() if query == "-" else query
    explained = explain_text(text, _settings(home))
    for number, one in enumerate(explained):
        if number:
            console.print()
        if not as_sql:
            console.print_json(data={key: one[key] for key in ("plan", "parameters", "lineage")})
        console.print(one["sql"], markup=False, highlight=False, soft_wrap=True)


@app.command()
@acts_on_errors
def docs(home: Home = None) -> None:
    """Write the data dictionary and dbt's documentation: pages to read offline."""
    from cube.dictionary import write_dictionary

    path = write_dictionary(_settings(home))
    console.print(f"written {path}", highlight=False, soft_wrap=True)


@app.command()
@acts_on_errors
def rollups(
    home: Home = None,
    suggest: Annotated[
        Path | None,
        typer.Option(
            "--suggest",
            metavar="LOG",
            help="Propose rollups for the slow queries of a log of `bankcrm serve`; - is standard "
            "input.",
        ),
    ] = None,
) -> None:
    """List the rollups of the published version, and why one is refused."""
    from pipelines.rollup_commands import print_advice, print_rollups

    if suggest is None:
        print_rollups(console, _settings(home))
    else:
        print_advice(console, _settings(home), suggest)


@app.command()
@acts_on_errors
def report(
    home: Home = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Page to write; <home>/reports/<version>.html unless given."),
    ] = None,
    version: Annotated[str | None, typer.Option(help="Version to report on.")] = None,
) -> None:
    """Write the management report: one page with charts, to read offline or print."""
    from pipelines.report import write_report

    path = write_report(_settings(home), output, version)
    console.print(f"written {path}", highlight=False, soft_wrap=True)


identity = typer.Typer(
    help="Who is one customer: pairs that wait for a person, decisions, how good the rules are.",
    no_args_is_help=True,
)
app.add_typer(identity, name="identity")

PairId = Annotated[str, typer.Argument(help="Pair as `identity review` names it.")]
CustomerName = Annotated[str, typer.Argument(help="Customer as system:id, for instance card:K7.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")]
DecidedBy = Annotated[
    str, typer.Option("--by", envvar="USER", help="Who decides; the user of the machine if absent.")
]


@identity.command("review")
@acts_on_errors
def identity_review(
    home: Home = None,
    limit: Annotated[int, typer.Option(min=1, help="Most pairs shown.")] = 20,
) -> None:
    """List pairs of customers that may be one, the likeliest first."""
    from pipelines.identity.screen import print_waiting

    print_waiting(console, _settings(home), limit)


@identity.command("accept")
@acts_on_errors
def identity_accept(pair: PairId, reason: Reason, by: DecidedBy, home: Home = None) -> None:
    """The two are one customer, from the next refresh on."""
    _decide("accept", (pair,), by, reason, home)


@identity.command("reject")
@acts_on_errors
def identity_reject(pair: PairId, reason: Reason, by: DecidedBy, home: Home = None) -> None:
    """The two are not one customer; they are not asked about again."""
    _decide("reject", (pair,), by, reason, home)


@identity.command("undo")
@acts_on_errors
def identity_undo(pair: PairId, reason: Reason, by: DecidedBy, home: Home = None) -> None:
    """Let the rules decide the pair again; what was decided before stays on record."""
    _decide("undo", (pair,), by, reason, home)


@identity.command("merge")
@acts_on_errors
def identity_merge(
    one: CustomerName, other: CustomerName, reason: Reason, by: DecidedBy, home: Home = None
) -> None:
    """Accept two customers of different systems that no rule paired."""
    _decide("accept", (one, other), by, reason, home)


@identity.command("split")
@acts_on_errors
def identity_split(
    one: CustomerName, other: CustomerName, reason: Reason, by: DecidedBy, home: Home = None
) -> None:
    """Part two customers that a rule made one, whatever their documents say."""
    _decide("reject", (one, other), by, reason, home)


@identity.command("quality")
@acts_on_errors
def identity_quality(
    home: Home = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="CSV of person_id, source_system, customer_id; the sample's if absent."),
    ] = None,
) -> None:
    """Print precision and recall against a table of who is who."""
    from pipelines.identity.screen import print_quality

    print_quality(console, _settings(home), truth)


privacy = typer.Typer(
    help="Personal data: show it, erase it, see who was erased.", no_args_is_help=True
)
app.add_typer(privacy, name="privacy")

AnyCustomer = Annotated[
    str, typer.Argument(help="Customer as system:id, or its customer_durable_key.")
]


@privacy.command("show")
@acts_on_errors
def privacy_show(customer: AnyCustomer, reason: Reason, by: DecidedBy, home: Home = None) -> None:
    """Print what the vault holds of a customer; the look is recorded."""
    from pipelines.privacy.screen import print_personal

    print_personal(console, _settings(home), customer, reason=reason, by=by)


@privacy.command("erase")
@acts_on_errors
def privacy_erase(customer: AnyCustomer, reason: Reason, by: DecidedBy, home: Home = None) -> None:
    """Erase the personal values of a customer for good, in every system that knows it."""
    from pipelines.privacy.screen import erase

    erase(console, _settings(home), customer, reason=reason, by=by)


@privacy.command("erased")
@acts_on_errors
def privacy_erased(home: Home = None) -> None:
    """List the erasures."""
    from pipelines.privacy.screen import print_erasures

    print_erasures(console, _settings(home))


def _decide(
    verdict: Literal["accept", "reject", "undo"],
    names: tuple[str, ...],
    by: str,
    reason: str,
    home: Path | None,
) -> None:
    from pipelines.identity.screen import record_decision

    record_decision(console, _settings(home), verdict, names, decided_by=by, reason=reason)


audit = typer.Typer(
    help="The audit log: who did what, and whether the log is what was written.",
    no_args_is_help=True,
)
app.add_typer(audit, name="audit")


@audit.command("list")
@acts_on_errors
def audit_list(
    home: Home = None,
    action: Annotated[str | None, typer.Option(help="Only this action.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most entries shown.")] = 50,
) -> None:
    """List the last entries of the audit log, the newest last."""
    from pipelines.audit_commands import print_entries

    print_entries(console, _settings(home), action, actor, limit)


@audit.command("verify")
@acts_on_errors
def audit_verify(
    home: Home = None,
    head: Annotated[
        list[str] | None, typer.Option(help="Head noted elsewhere, as LOG:ENTRIES:SHA256.")
    ] = None,
    backup_folder: Annotated[
        list[Path] | None, typer.Option("--backup", help="Backup whose note is compared too.")
    ] = None,
) -> None:
    """Follow the chain of hashes to its end. Exit code 13: broken, with the first broken line."""
    from pipelines.audit_commands import verify_and_print

    verify_and_print(console, _settings(home), head or [], backup_folder or [])


@audit.command("rotate")
@acts_on_errors
def audit_rotate(reason: Reason, home: Home = None) -> None:
    """Close the log, sound or broken, and begin a new one that names it."""
    from pipelines.operations.audit_check import rotate_audit_log

    closed = rotate_audit_log(_settings(home), reason)
    console.print(f"Closed {closed.subject} ({closed.details['finding']}); a new log begins.")


def _settings(home: Path | None) -> Settings:
    return Settings(home=home) if home is not None else Settings()


def _has_deliveries(settings: Settings) -> bool:
    return any(settings.landing_folder.glob("*/*/*"))


def _print_extracts(rows: Mapping[str, int], settings: Settings) -> None:
    from pipelines.summary import print_rows

    print_rows(console, ("feed", "rows"), sorted(rows.items()), "Delivered")
    console.print(f"Delivered into {settings.landing_folder}.", highlight=False)


def _write_csv(result: duckdb.DuckDBPyConnection) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow([column[0] for column in result.description or []])
    while rows := result.fetchmany(10_000):
        writer.writerows(rows)


class _progress:  # noqa: N801 - used as a function
    """A progress bar that is advanced once for each business date."""

    def __init__(self, title: str, total: int | None) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, TimeElapsedColumn(), console=errors)
        self._task = self._progress.add_task(title, total=total)

    def __enter__(self) -> Callable[[date], None]:
        self._progress.start()
        return lambda day: self._progress.advance(self._task)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


if __name__ == "__main__":
    app()

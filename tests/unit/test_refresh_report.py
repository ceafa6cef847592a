"""The report of a refresh, folded from what its steps returned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bankcrm.errors import BrokenAuditLog, HeldDate, PublishingHeld
from bankcrm.warehouse.rollup_states import RollupState
from pipelines.build.base import Base
from pipelines.build.finished_build import FinishedBuild
from pipelines.identity.link import LinkReport
from pipelines.loading.load import LoadResult
from pipelines.loading.load_plan import LoadPlan
from pipelines.refresh.build_step import Built, order_build
from pipelines.refresh.link_step import Linked
from pipelines.refresh.load_step import Loaded
from pipelines.refresh.publish_step import Publication
from pipelines.refresh.receive_step import Received
from pipelines.refresh.report import RefreshReport, describe_report, fold_report
from pipelines.refresh.verify_step import Verified

DAY = date(2024, 1, 31)
VERSION = "2024-01-31-001"
RECEIVED = Received(LoadPlan((), None), ("a stray file. Move it away.",))
LOADED = Loaded((), ())
VERIFIED = Verified(Base("hash"), DAY, None, (), None)
LINKED = Linked(LinkReport(3, 2, 3, 3, 0, 0.1), DAY, (1, 2), "7")
REFUSED = RollupState("branch_month", "rollups.branch_month", "d", 1, 1, 1, "refused", "differs")
BUILT = Built(FinishedBuild(VERSION, "origin", 10, 5, 1.5, is_rolled_up=True), (REFUSED,))


def fold(
    loaded: Loaded = LOADED,
    verified: Verified = VERIFIED,
    linked: Linked | None = LINKED,
    built: Built | None = BUILT,
    publication: Publication | None = None,
) -> RefreshReport:
    return fold_report(
        7,
        received=RECEIVED,
        loaded=loaded,
        verified=verified,
        linked=linked,
        built=built,
        publication=publication,
    )


def test_a_published_version_is_reported_with_its_own_refused_rollups() -> None:
    report = fold(publication=Publication(VERSION))
    assert (report.version, report.held, report.outcome) == (VERSION, None, "published")
    assert report.refused_rollups == (), "the version has every rollup, whatever the build said"
    assert report.build is not None and report.build.nodes == 5
    assert (report.run_id, report.problems) == (7, RECEIVED.ignored)


def test_a_held_build_is_no_version_and_reports_the_rollups_refused_now() -> None:
    report = fold(publication=Publication(VERSION, PublishingHeld("held", "release it")))
    assert (report.version, report.held, report.outcome) == (None, VERSION, "held")
    assert (report.exit_code, report.refused_rollups) == (14, (REFUSED,))
    assert describe_report(report)["remedy"] == "release it"


def test_the_gravest_error_gives_the_exit_code_and_a_rejected_file_comes_before_all() -> None:
    blocked, audit = HeldDate("too few rows"), BrokenAuditLog("line 3 was changed")
    verified = replace(VERIFIED, blocked=blocked, audit_error=audit)
    held = Publication(VERSION, PublishingHeld("held"))
    report = fold(verified=verified, publication=held)
    assert report.errors == (blocked, audit, held.held)
    assert (report.exit_code, report.outcome) == (8, "held back")
    assert fold(verified=replace(verified, blocked=None), publication=held).exit_code == 13
    result = LoadResult(1, "branch", "account", "f.csv", DAY, 0, "rejected", problems=("cut",))
    report = fold(loaded=Loaded((result,), ()), verified=verified)
    assert (report.exit_code, report.outcome) == (3, "rejected")
    assert describe_report(report)["rejected"] == [{"file": "f.csv", "problems": ["cut"]}]


def test_a_refresh_without_anything_new_says_so() -> None:
    linked = replace(LINKED, refresh_from=None)
    assert order_build(VERIFIED, linked) is None
    report = fold(linked=linked, built=None)
    assert (report.exit_code, report.outcome, report.build) == (0, "nothing new", None)


def test_nothing_is_ordered_where_no_business_date_may_be_built() -> None:
    verified = replace(VERIFIED, business_date=None)
    assert order_build(verified, None) is None
    assert fold(verified=verified, linked=None, built=None).links is None

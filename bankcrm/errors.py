"""Errors that an operator can act on: what is wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence


class BankcrmError(Exception):
    """Root of every error the project raises on purpose.

    Args:
        problem: what is wrong, naming file, line or column where there is one.
        remedy: the next step for the person who reads it.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n  -> {self.remedy}" if self.remedy else self.problem


class ContractError(BankcrmError):
    """A feed contract is not well formed."""


class RemovedSetting(BankcrmError):
    """A setting of an earlier release is still set; what it asked for would not be done."""


class RejectedDelivery(BankcrmError):
    """A delivered file is not fit to load; nothing of it was kept.

    Args:
        file: name of the file as delivered.
        problems: every problem found, each one sentence.
    """

    exit_code = 3

    def __init__(self, file: str, problems: Sequence[str], remedy: str) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__(f"{file} rejected: " + "; ".join(problems), remedy)


class BlockedDate(BankcrmError):
    """A business date cannot be built yet: a delivery is missing or out of sequence.

    Args:
        problem: what is wrong.
        remedy: the next step.
        brief: the problem for people who have just read what is wrong with each file.
    """

    exit_code = 4

    def __init__(self, problem: str, remedy: str = "", brief: str = "") -> None:
        super().__init__(problem, remedy)
        self.brief = brief or problem


class HeldDate(BlockedDate):
    """A check holds a business date back: it differs too much from the weeks before."""

    exit_code = 8


class FailedBuild(BankcrmError):
    """dbt stopped: a model or a test failed. The published version is untouched."""

    exit_code = 5


class Busy(BankcrmError):
    """Another refresh holds the lock."""

    exit_code = 6


class NothingPublished(BankcrmError):
    """There is no published version to read."""

    exit_code = 7


class DiskFull(BankcrmError):
    """There is no room on the disk for the next step."""

    exit_code = 9


class DamagedVersion(BankcrmError):
    """A published file is not what was published: truncated, changed or gone."""

    exit_code = 10


class NoSuccess(BankcrmError):
    """No refresh succeeded in time."""

    exit_code = 11


class InvalidParameters(BankcrmError):
    """The validities of parameters contradict each other; nothing was loaded or built.

    Args:
        problems: every problem found, each naming file, line and rule.
    """

    exit_code = 12

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "; ".join(problems),
            "End each row on the day on which the next row of its key begins (valid_to is the day "
            "after the last one), then run `bankcrm refresh` again.",
        )


class BrokenAuditLog(BankcrmError):
    """The audit log is not what was written: a line was changed, added or taken out."""

    exit_code = 13


class PublishingHeld(BankcrmError):
    """A build is whole and checked, and not published: readers were rolled back on purpose."""

    exit_code = 14


class MissedDeadline(BlockedDate):
    """A feed that must not be skipped was not delivered by its deadline."""

    exit_code = 15


class InvalidVault(BankcrmError):
    """Key or vault of the personal values are missing, exposed, or of another raw database."""

    exit_code = 16


class Stopped(BankcrmError):
    """The command was asked to stop (SIGTERM)."""

    exit_code = 143

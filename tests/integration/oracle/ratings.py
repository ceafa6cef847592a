"""Ratings, collateral and guarantees as the risk department delivered them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.integration.oracle.accounts import AccountId
from tests.integration.oracle.deliveries import Landing, Row
from tests.integration.oracle.figures import fraction, optional_date, optional_fraction
from tests.integration.oracle.history import History
from tests.integration.oracle.parameters import Seed
from tests.integration.oracle.people import UnifiedKeys


@dataclass(frozen=True)
class Rating:
    """A rating of a customer or of one exposure."""

    source: str
    night: date
    code: str
    default: Fraction
    loss: Fraction | None
    grade: str
    is_restructured: bool
    is_impaired: bool
    notches_lost: int


@dataclass(frozen=True)
class Known:
    """What all ratings of an exposure say together on a day."""

    code: str
    source: str
    default: Fraction
    loss_source: str | None
    loss: Fraction | None
    notches_lost: int
    grades: list[str]
    is_restructured: bool
    is_impaired: bool


class Ratings:
    """Ratings of one bank.

    Args:
        landing: the bank's deliveries.
        keys: durable keys of the unified customers.
    """

    def __init__(self, landing: Landing, keys: UnifiedKeys) -> None:
        self._scale = Seed("rating_scale")
        self._exposures: dict[AccountId, list[History[Rating]]] = defaultdict(list)
        self._customers: dict[int, list[History[Rating]]] = defaultdict(list)
        subjects: dict[tuple[str, str, str], list[tuple[date, Row]]] = defaultdict(list)
        for night, row in landing.rows("risk.rating"):
            subject = (row["subject_type"], row["source_system"].lower(), row["subject_id"])
            subjects[subject].append((night, row))
        for (kind, system, number), rows in subjects.items():
            history = self._history(kind, rows)
            if kind == "EXPOSURE":
                self._exposures[system, number].append(history)
            elif (system, number) in keys:
                self._customers[keys[system, number]].append(history)

    def on(self, account: AccountId, customer: int, day: date) -> Known | None:
        """What was known of an account of a customer on a day; None while nothing is rated."""
        own = _known(self._exposures.get(account, []), day)
        others = _known(self._customers.get(customer, []), day)
        ratings = own + sorted(others, key=lambda r: (-r.night.toordinal(), -r.default))
        if not ratings:
            return None
        first = ratings[0]
        with_loss = next((rating for rating in ratings if rating.loss is not None), None)
        return Known(
            code=first.code,
            source=first.source,
            default=first.default,
            loss_source=with_loss.source if with_loss else None,
            loss=with_loss.loss if with_loss else None,
            notches_lost=first.notches_lost,
            grades=[rating.grade for rating in ratings if rating.grade],
            is_restructured=any(rating.is_restructured for rating in ratings),
            is_impaired=any(rating.is_impaired for rating in ratings),
        )

    def _history(self, kind: str, rows: list[tuple[date, Row]]) -> History[Rating]:
        history = History[Rating]()
        first = self._ordinal(*rows[0])
        for night, row in rows:
            rating = Rating(
                source=f"{kind}_RATING",
                night=night,
                code=row["rating_code"],
                default=fraction(row["probability_of_default"]),
                loss=optional_fraction(row["loss_given_default"]),
                grade=row["risk_grade_code"],
                is_restructured=row["is_restructured"] == "true",
                is_impaired=row["is_impaired"] == "true",
                notches_lost=self._ordinal(night, row) - first,
            )
            history.put(night, rating)
        return history

    def _ordinal(self, night: date, row: Row) -> int:
        (rating,) = self._scale.on(night, rating_code=row["rating_code"])
        return int(rating["ordinal"])


class Securities:
    """Collateral or guarantees of one bank.

    Args:
        landing: the bank's deliveries.
        feed: risk.collateral or risk.guarantee.
        amount: column of the amount.
        effective: status while the piece lasts.
    """

    def __init__(self, landing: Landing, feed: str, amount: str, effective: str) -> None:
        self._amount, self._effective = amount, effective
        self._pieces: dict[str, dict[str, History[Row]]] = defaultdict(lambda: defaultdict(History))
        self._first: date | None = None
        number = f"{feed.partition('.')[2]}_id"
        for night, row in landing.rows(feed):
            self._first = self._first or night
            self._pieces[row["loan_id"]][row[number]].put(night, row)

    def of(self, loan: str, day: date) -> Fraction | None:
        """Amount that secures a loan; None before the bank delivers any."""
        if self._first is None or day < self._first:
            return None
        known = [piece.known(day) for piece in self._pieces[loan].values()]
        rows = [row for row in known if row is not None]
        return sum(
            (fraction(row[self._amount]) for row in rows if self._lasts(row, day)), Fraction()
        )

    def _lasts(self, row: Row, day: date) -> bool:
        if row["status"] != self._effective:
            return False
        ends = optional_date(row.get("expiry_date", ""))
        return ends is None or day <= ends


def _known(histories: list[History[Rating]], day: date) -> list[Rating]:
    return [rating for history in histories if (rating := history.known(day)) is not None]

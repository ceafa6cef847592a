"""What every protocol answers from: the model, its access control, the published versions."""

from __future__ import annotations

from dataclasses import dataclass

from bankcrm.settings import Settings
from cube.compiler.model import Model
from cube.engine.warehouse import Version, Warehouse
from cube.planner.prepare import PlanningContext, PreparedQuery, prepare
from cube.query.query import Query
from cube.security.access import Access, AccessControl

QUERY_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Engine:
    """The model, its access control, the warehouse, and the time a query may take."""

    model: Model
    control: AccessControl
    warehouse: Warehouse
    timeout_seconds: float

    def plan_on(self, version: Version, access: Access) -> PlanningContext:
        """What queries of a user are planned for on a version."""
        return PlanningContext(self.model, access, version.business_date, version.rollups)

    def prepare(self, query: Query, version: Version, access: Access) -> PreparedQuery:
        """A query of a user, planned on a version.

        Raises:
            QueryError: the query cannot be answered as asked.
        """
        return prepare(query, self.plan_on(version, access))

    def close(self) -> None:
        """Close the warehouse; queries that run still finish."""
        self.warehouse.close()


def build_engine(
    settings: Settings, model: Model, timeout_seconds: float = QUERY_TIMEOUT_SECONDS
) -> Engine:
    """An engine over the published versions of ``settings.home``."""
    return Engine(model, AccessControl(model), Warehouse(settings), timeout_seconds)

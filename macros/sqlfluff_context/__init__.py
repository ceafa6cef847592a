"""What dbt gives to a model, in miniature: lets sqlfluff render the models without dbt."""

from __future__ import annotations

from collections.abc import Callable


def env_var(name: str, default: str = "") -> str:
    """The default of an environment variable."""
    return default


class adapter:  # noqa: N801 - dbt's name
    """Stands for the adapter: a dispatched macro renders as a plain column."""

    @staticmethod
    def dispatch(macro: str, package: str) -> Callable[..., str]:
        """The macro, as a column of its name."""
        return lambda *args: macro


class exceptions:  # noqa: N801 - dbt's name
    """Stands for dbt's exceptions."""

    @staticmethod
    def raise_compiler_error(message: object) -> str:
        """Nothing: the branch that raises is not linted."""
        return ""

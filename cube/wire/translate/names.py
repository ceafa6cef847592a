"""Names of the columns of an answer, as PostgreSQL gives them."""

from __future__ import annotations

from sqlglot import exp


def name_projections(select: exp.Select) -> None:
    """Give every output of a SELECT the name that PostgreSQL would show, in place."""
    named: list[exp.Expr] = []
    for item in select.expressions:
        if isinstance(item, exp.Alias):
            alias = item.args["alias"]
            if not alias.args.get("quoted"):
                alias = exp.to_identifier(alias.name.lower(), quoted=True)
            named.append(exp.Alias(this=item.this, alias=alias))
        elif isinstance(item, exp.Star) or (
            isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
        ):
            named.append(item)
        else:
            alias = exp.to_identifier(output_name(item), quoted=True)
            named.append(exp.Alias(this=item, alias=alias))
    select.set("expressions", named)


def output_name(node: exp.Expr) -> str:  # noqa: PLR0911 - one per kind of node
    """Name of an output without alias."""
    match node:
        case exp.Paren() | exp.Collate():
            return output_name(node.this)
        case exp.Column() | exp.Identifier():
            identifier = node.this if isinstance(node, exp.Column) else node
            quoted = isinstance(identifier, exp.Identifier) and identifier.args.get("quoted")
            return str(identifier.name if quoted else identifier.name.lower())
        case exp.Dot():
            return output_name(node.expression)
        case exp.Cast():
            inner = output_name(node.this)
            return node.to.sql(dialect="postgres").lower() if inner == "?column?" else inner
        case exp.Window():
            return output_name(node.this)
        case exp.Case():
            return "case"
        case exp.Subquery() if isinstance(node.this, exp.Select) and node.this.expressions:
            first = node.this.expressions[0]
            return first.alias if isinstance(first, exp.Alias) else output_name(first)
        case exp.Anonymous():
            measure = node.name.lower() == "measure" and node.expressions
            return output_name(node.expressions[0]) if measure else node.name.lower()
        case exp.Connector() | exp.Binary() | exp.Unary():
            return "?column?"
        case exp.Func():
            return _FUNCTIONS.get(node.sql_name().lower(), node.sql_name().lower())
    return "?column?"


_FUNCTIONS = {
    "timestamp_trunc": "date_trunc",
    "current_version": "version",
    "current_catalog": "current_database",
    "str_to_time": "to_timestamp",
    "time_to_str": "to_char",
    "group_concat": "string_agg",
    "logical_and": "bool_and",
    "logical_or": "bool_or",
}

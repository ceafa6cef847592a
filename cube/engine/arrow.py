"""Arrow types that any reader understands: dates as timestamps, text instead of codes of it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_TIME = pa.timestamp("us")


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type that values of a type are sent as."""
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _TIME
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The columns of a schema in the types that they are sent as."""
    return pa.schema([pa.field(field.name, plain_type(field.type)) for field in schema])


def cast_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The rows of a batch in the types of a schema."""
    columns = zip(batch.columns, schema.types, strict=True)
    arrays = [pc.cast(column, kind) for column, kind in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)

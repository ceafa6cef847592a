"""How a delivered file becomes rows: bytes, header, text table, effect dates, raw schema."""

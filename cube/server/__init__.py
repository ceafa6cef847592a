"""The embedded cube server: compiles queries to SQL and answers over HTTP."""

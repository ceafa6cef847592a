"""The star schema, built by dbt in a private file."""

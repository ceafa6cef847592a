"""Ask the cubes from Python: ``bankcrm.Client(url, token).load(query).to_pandas()``."""

from bankcrm.client import Client, ClientError, Result

__all__ = ["Client", "ClientError", "Result"]

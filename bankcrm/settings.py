"""Settings in one frozen place: defaults, then ``bankcrm.toml``, then the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bankcrm.errors import RemovedSetting

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
ENVIRONMENT_PREFIX = "BANKCRM_"
_MAIL = "mailto://<server>:<port>?from=<sender>&to=<receiver>"
_REMOVED = {
    "alert_webhook": "jsons://<host>/<path> (json:// without TLS)",
    "alert_mail_to": _MAIL,
    "alert_mail_from": _MAIL,
    "smtp_host": _MAIL,
    "smtp_port": _MAIL,
}
"""Settings of before, and the alert URL that does the same. They are refused by name: an
unknown variable is ignored, and the alerts would never come."""


def _split_urls(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


class Settings(BaseSettings):
    """Where things lie and how much they may use.

    Every field can be set as ``BANKCRM_<FIELD>`` or as a key of ``bankcrm.toml`` in the current
    folder. Only ``home`` moves the data; the rest of the layout follows from it.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, toml_file="bankcrm.toml", frozen=True, extra="forbid"
    )

    home: Path = Path("var")
    """Folder of all data: landing, raw, build, published, logs."""
    landing: Path | None = None
    """Folder that the source systems write to; ``<home>/landing`` unless set."""
    threads: int = 2
    memory_limit: str = "8GB"
    """Memory that one DuckDB connection may use."""
    keep_versions: int = Field(default=5, ge=1)
    """Published versions kept for rollback."""
    max_file_bytes: int = 4_000_000_000
    """Largest delivery read, after decompression."""
    api_secret: str | None = None
    """Secret that signs the tokens of the cube API (HS256). Without it, only loopback is served."""
    api_audience: str | None = None
    """Audience (``aud``) that tokens must name. Unless set, a token that names any is refused."""
    host: str = "127.0.0.1"
    port: int = 4000
    cube_queries: int = Field(default=4, ge=1)
    """Queries of the cube API that run at once; half as many streams run beside them."""
    cube_queue: int = Field(default=64, ge=0)
    """Queries that may wait for their turn; the next one is refused."""
    cube_wait_seconds: float = Field(default=10.0, gt=0)
    """Longest time that a query waits for its turn."""
    cube_cache_bytes: int = Field(default=256_000_000, ge=0)
    """Memory for answers of the published version; 0 keeps none."""
    cube_slow_seconds: float = Field(default=0.1, ge=0)
    """From this time on the access log has the query, so that a rollup can be suggested for it."""
    wire_port: int | None = None
    """Port for PostgreSQL clients, on the same host; not served unless set."""
    wire_connections: int = Field(default=50, ge=1)
    """PostgreSQL clients that may be connected at a time."""
    tls_certificate: Path | None = None
    """Certificate chain (PEM) for PostgreSQL clients; a host other than loopback needs one."""
    tls_key: Path | None = None
    """Private key (PEM) of the certificate, without pass phrase."""
    disk_reserve_bytes: int = 256_000_000
    """Bytes that must stay free when a step has written what it is expected to write."""
    export_folder: Path | None = None
    """Folder that receives every published mart as Parquet; nothing is exported unless set."""
    alert_urls: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_urls)] = Field(
        default=(), repr=False
    )
    """Apprise URLs that a failed run is reported to, with spaces between them: ``mailto://``,
    ``jsons://`` (a web address), ``slack://`` and so on. They hold secrets."""
    vault: Path | None = None
    """Folder of the clear personal values and their key; ``<home>/vault`` unless set."""
    vault_key: str | None = Field(default=None, repr=False)
    """Key of the vault, 64 hexadecimal digits; its key file unless set."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_removed(cls, values: Mapping[str, object]) -> Mapping[str, object]:
        variables = {name.upper() for name in os.environ}
        for name, url in _REMOVED.items():
            variable = f"{ENVIRONMENT_PREFIX}{name.upper()}"
            if name in values or variable in variables:
                raise RemovedSetting(
                    f"{variable} ({name} in bankcrm.toml) is no longer a setting",
                    f"Remove it, and add {url} to BANKCRM_ALERT_URLS.",
                )
        return values

    @property
    def landing_folder(self) -> Path:
        """Deliveries, as ``<source>/<feed>/<file>``."""
        return self.landing if self.landing is not None else self.home / "landing"

    @property
    def raw_file(self) -> Path:
        """DuckDB file of raw tables, quarantine and ledger. Only the loader writes it."""
        return self.home / "warehouse" / "raw.duckdb"

    @property
    def vault_folder(self) -> Path:
        """Clear personal values, their key, the register of erasures; nobody else may read it."""
        return self.vault if self.vault is not None else self.home / "vault"

    @property
    def vault_file(self) -> Path:
        """DuckDB file of the clear personal values."""
        return self.vault_folder / "vault.duckdb"

    @property
    def build_folder(self) -> Path:
        """Private files of the running build."""
        return self.home / "build"

    @property
    def published_folder(self) -> Path:
        """Published versions and the pointer CURRENT."""
        return self.home / "published"

    @property
    def log_folder(self) -> Path:
        """One log per run."""
        return self.home / "logs"

    @property
    def docs_folder(self) -> Path:
        """Data dictionary and dbt's documentation."""
        return self.home / "docs"

    @property
    def status_page_file(self) -> Path:
        """The page that shows how each feed and version stands."""
        return self.home / "status.html"

    @property
    def report_folder(self) -> Path:
        """Management reports, one page per version."""
        return self.home / "reports"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Precedence: arguments, environment, bankcrm.toml, defaults."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

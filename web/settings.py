"""Settings of one installation: environment (`DIEMCAU_…`) first, then a TOML file, then the defaults below.

It never reads anything but its own names and holds no key of ours: those live in files of the data directory
(`web/keys.py`).  The secrets it takes are shared with coturn and the mail server, and shown by no `repr`.
Called by the commands and by tests; `build(settings)` is given the result.
"""

from __future__ import annotations

import json
import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from meetings.errors import Invalid
from scheduler.readiness import Policy
from web import line_policy, reach

PREFIX = "DIEMCAU_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
UNKNOWN, WRONG, NO_FILE, BAD_FILE = "unknown", "wrong", "no_file", "bad_file"


class BadSettings(Exception):
    """Settings that cannot be.  `problems`: (UNKNOWN | WRONG | NO_FILE | BAD_FILE, name of a setting or a file)."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(*problems)
        self.problems = problems


class _Environment(EnvSettingsSource):
    """Also hands on names of ours that are no setting, so that they are refused as in the file."""

    def __call__(self) -> dict[str, Any]:
        names = {name.lower() for name in os.environ if name.upper().startswith(PREFIX) and name.upper() != CONFIG_VARIABLE}
        known = {f"{PREFIX}{name}".lower() for name in self.settings_cls.model_fields}
        return {**super().__call__(), **{name.removeprefix(PREFIX.lower()): "" for name in names - known}}


Words = Annotated[tuple[str, ...], NoDecode]
"""Several values in one variable, with commas between them."""


class Settings(BaseSettings):
    """Everything an operator may choose.  Unknown names are refused: a typing error must not pass for a default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid")

    data: Path = Path("var")
    database: str = Field(default="", description="address of the database; empty = SQLite inside `data`")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = Field(default="", description="what people type, for links and QR cards; empty = http://localhost:port")
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = Field(default=False, description="trust X-Forwarded-For of the machine in front (the TLS front)")
    media_port: int = Field(default=0, ge=0, le=65535, description="UDP and TCP port for pictures and sound, and those after it: one for each worker; 0 = free ones")
    media_workers: int = Field(default=0, ge=0, le=64, description="relay processes, each with a port; 0 = cores less one")
    media_spare: bool = Field(default=True, description="one more relay process waits to take a dead one's place")
    advertise: Words = Field(default=(), description="addresses at which browsers reach the media port")
    turn_urls: Words = Field(default=(), description="coturn's addresses, for offices that block UDP")
    turn_secret: SecretStr = Field(default=SecretStr(""), description="coturn's static-auth-secret")
    metrics_token: SecretStr = Field(default=SecretStr(""), description="bearer token of /metrics; empty = this machine alone")
    smtp_host: str = Field(default="", description="the mail server that takes our letters; empty = letters wait")
    smtp_port: int = Field(default=0, ge=0, le=65535, description="0 = 465 for tls, 587 for starttls, 25 for none")
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = Field(default="", description="address of the office: sender of all letters, organizer of all meetings")
    smtp_ca: Path | None = Field(default=None, description="who vouches for the mail server, where the system does not know")
    mail_in: Path | None = Field(default=None, description="where letters to smtp_from are put: answers in them are read every minute")
    sms_folder: Path | None = Field(default=None, description="where messages to telephones are put for a gateway; unset = they wait")
    schedule: bool = Field(default=True, description="do what is due in this process; false = `python3 -m web schedule` does")
    line_limits: Annotated[dict[str, int], NoDecode] = Field(default={}, description="from where on a line is weak or has failed: names and numbers of Limits")
    line_calls: Annotated[tuple[tuple[str, int], ...], NoDecode] = Field(default=line_policy.CALLS, description="who is called that many minutes before: technician, deputy")
    zone: str = "Asia/Ho_Chi_Minh"
    language: str = "vi"
    demo: bool = Field(default=False, description="the demonstration: accounts are shown, signatures are test signatures")
    production: bool = Field(default=False, description="nothing is issued while the only signer is the test one")

    @field_validator("smtp_from")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            return reach.address(value) or ""
        except Invalid as error:
            raise ValueError(error.code) from None

    @field_validator("advertise", "turn_urls", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @field_validator("advertise")
    @classmethod
    def _reachable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """IP addresses of either family, in one spelling."""
        found = [ip_address(word) for word in value]
        if any(one.is_link_local or one.is_unspecified or one.is_multicast for one in found):
            raise ValueError("an address nobody can send to from elsewhere")
        return tuple(map(str, found))

    @field_validator("line_limits", "line_calls", mode="before")
    @classmethod
    def _json(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("line_limits", "line_calls")
    @classmethod
    def _policy(cls, value: Any, info: ValidationInfo) -> Any:
        getattr(line_policy, str(info.field_name).removeprefix("line_"))(value)  # refuses what cannot be
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments beat the environment, the environment beats the file named by DIEMCAU_CONFIG."""
        file = os.environ.get(CONFIG_VARIABLE)
        extra = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, _Environment(settings_cls), *extra)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.data / 'diemcau.db').resolve()}"

    @property
    def base_url(self) -> str:
        """Address of the product as people reach it, without a slash at the end."""
        scheme = "https" if self.tls_cert else "http"
        return (self.public_url or f"{scheme}://localhost:{self.port}").rstrip("/")

    @property
    def secure(self) -> bool:
        """Cookies carry `__Host-` and Secure, and HSTS is sent, when people reach the product by TLS."""
        return self.base_url.startswith("https://")

    @property
    def line_policy(self) -> Policy:
        """What a line is judged by and who is called; the rounds are data of the database (scheduler/reminders.py)."""
        return Policy(line_policy.limits(self.line_limits), calls=line_policy.calls(self.line_calls))

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def read(**given: Any) -> Settings:
    """What `given` (the options of a command), the environment and the file say.  Raises BadSettings."""
    file = os.environ.get(CONFIG_VARIABLE)
    if file and not Path(file).is_file():
        raise BadSettings((NO_FILE, file))
    try:
        return Settings(**given)
    except ValidationError as error:
        raise BadSettings(*(
            (UNKNOWN if problem["type"] == "extra_forbidden" else WRONG, ".".join(map(str, problem["loc"])))
            for problem in error.errors())) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadSettings((BAD_FILE, f"{file}: {error}")) from None

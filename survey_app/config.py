"""The settings of the service, read once from the environment."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from questionnaires.refusal import Refusal

ROOT = Path(__file__).parents[1]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Config:
    """What one installation sets.

    `secret_key` signs links and cookies; outside the demo it must be given, inside it is made once
    and kept in the instance folder, readable by its owner only. `instance` holds the embedded
    database, result files and secrets, and is never committed. `public_url` is the address under
    which people reach the service. Letters go through `mail_url` (smtp://user:password@host:port,
    smtps:// for TLS from the start) in the name of `mail_from`. `complaints` says in a sentence
    where a complaint is to be sent (nơi tiếp nhận phản ánh, kiến nghị). `access_log` is a file, or
    - for the standard error. `behind_proxy` says that one proxy in front tells who sends.
    """

    database_url: str
    secret_key: str
    instance: Path
    host: str = "127.0.0.1"
    port: int = 8000
    demo: bool = False
    max_body: int = 2 * 1024 * 1024
    secure_cookies: bool = False
    public_url: str = ""
    mail_url: str = ""
    mail_from: str = ""
    complaints: str = ""
    access_log: str = ""
    behind_proxy: bool = False

    @property
    def address(self) -> str:
        """What printed addresses and letters begin with."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def files(self) -> Path:
        """The folder for results of jobs."""
        return self.instance / "files"

    @property
    def reviews(self) -> Path:
        """The folder for what native readers have confirmed."""
        return self.instance / "reviews"

    @property
    def audio(self) -> Path:
        """The folder for spoken prompts recorded by the office."""
        return self.instance / "audio"


def read_config(environ: Mapping[str, str] = os.environ) -> Config:
    """Read the settings; raises `Refusal` naming a variable that is missing or wrong.

    DATABASE_URL (SQLAlchemy URL; default: SQLite in the instance folder), PORT, HOST, SECRET_KEY,
    INSTANCE (folder), DEMO (1: demo accounts, on a loopback address only), SECURE_COOKIES (1
    behind HTTPS), PUBLIC_URL, MAIL_URL, MAIL_FROM, COMPLAINTS, ACCESS_LOG (file; default: -, the
    standard error; empty: none), BEHIND_PROXY (1: read X-Forwarded-For of the one proxy in front).
    """
    instance = Path(environ.get("INSTANCE", str(ROOT / "instance"))).resolve()
    instance.mkdir(parents=True, exist_ok=True)
    demo = environ.get("DEMO") == "1"
    host = environ.get("HOST", "127.0.0.1")
    if demo and host not in LOOPBACK:
        raise Refusal(
            "DEMO=1 chỉ chạy trên địa chỉ nội bộ của máy, không chạy trên {host}.", host=host
        )
    try:
        port = int(environ.get("PORT", "8000"))
    except ValueError as error:
        raise Refusal("PORT phải là số: «{value}».", value=environ["PORT"]) from error
    secret = environ.get("SECRET_KEY") or (kept_secret(instance, "secret_key") if demo else "")
    if len(secret) < 32:
        raise Refusal("Cần đặt SECRET_KEY dài ít nhất 32 ký tự.")
    return Config(
        database_url=environ.get("DATABASE_URL", f"sqlite:///{instance / 'sipas.sqlite3'}"),
        secret_key=secret,
        instance=instance,
        host=host,
        port=port,
        demo=demo,
        secure_cookies=environ.get("SECURE_COOKIES") == "1",
        public_url=environ.get("PUBLIC_URL", "").rstrip("/"),
        mail_url=environ.get("MAIL_URL", ""),
        mail_from=environ.get("MAIL_FROM", ""),
        complaints=environ.get("COMPLAINTS", ""),
        access_log=environ.get("ACCESS_LOG", "-"),
        behind_proxy=environ.get("BEHIND_PROXY") == "1",
    )


def kept_secret(instance: Path, name: str) -> str:
    """Return a random secret of the instance folder, made at the first call, mode 0600."""
    path = instance / name
    if not path.exists():
        part = path.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(32))
        part.replace(path)
    return path.read_text(encoding="ascii")

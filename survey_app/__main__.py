"""The command line of the service: `python -m survey_app COMMAND`."""

import argparse
import getpass
import os
import secrets
import sys
from collections.abc import Callable, Sequence

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.config import Config, read_config
from survey_app.imports_command import run_import
from survey_app.migrate import NEWEST, current, downgrade, reach, upgrade
from survey_app.models.accounts import ROLES
from survey_app.serve import fill, serve
from survey_app.services.field.devices import enrol_device
from survey_app.services.operation.accounts import create_account

Command = Callable[[Config, argparse.Namespace], int]
REFUSED, INTERRUPTED = 2, 130
PRIVATE = 0o077  # a database file and results are for the owner of the service only
IMPORT = "import"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; bad input ends with status 2 and one sentence."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    os.umask(PRIVATE)
    if given[:1] == [IMPORT]:
        return run_import(given[1:])
    chosen = _parser().parse_args(given)
    command: Command = chosen.run
    try:
        return command(read_config(), chosen)
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m survey_app",
        description="Hệ thống lấy ý kiến và tính Chỉ số hài lòng.",
        epilog="Đọc từ biến môi trường: DATABASE_URL, PORT, HOST, SECRET_KEY, INSTANCE, DEMO.",
    )
    commands = parser.add_subparsers(required=True, metavar="LỆNH", title="các lệnh")

    def add(name: str, run: Command, what: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=what, description=what)
        added.set_defaults(run=run)
        return added

    migrate = add("migrate", _migrate, "đưa các bảng dữ liệu lên phiên bản mới nhất")
    migrate.add_argument("--to", default=NEWEST, help="phiên bản muốn đưa lên (mặc định: mới nhất)")
    migrate.add_argument("--back-to", help="quay lại một phiên bản cũ; «base» xóa mọi bảng")
    add("demo", _demo, "nạp các đợt khảo sát dùng thử; chạy lần nữa không thêm gì")
    add("serve", _serve, "chạy máy chủ web và tiến trình tính toán, tự khởi động lại khi hỏng")
    add("worker", _worker, "chỉ chạy tiến trình tính toán")
    commands.add_parser(IMPORT, add_help=False, help="nhập phiếu giấy đã gõ vào bảng tính")
    account = add("account", _account, "tạo tài khoản cán bộ; mật khẩu nhập ở dòng kế tiếp")
    account.add_argument("name", help="tên đăng nhập")
    account.add_argument("--role", choices=ROLES, required=True, help="vai trò")
    device = add("device", _device, "đăng ký một thiết bị và in mã của nó, chỉ một lần")
    device.add_argument("name", help="tên thiết bị hoặc hệ thống một cửa")
    device.add_argument("--kind", choices=("tablet", "system"), default="tablet", help="loại")
    return parser


def _migrate(config: Config, chosen: argparse.Namespace) -> int:
    with reach(config.database_url) as database:
        if chosen.back_to:
            downgrade(database, chosen.back_to)
        else:
            upgrade(database, chosen.to)
        stands = current(database) or "trống"
    sys.stdout.write(f"Các bảng dữ liệu đang ở phiên bản {stands}.\n")
    return 0


def _demo(config: Config, _chosen: argparse.Namespace) -> int:
    with reach(config.database_url) as database:
        upgrade(database)
        added = fill(database)
    sys.stdout.write(f"Đã nạp thêm {added} phiếu.\n")
    return 0


def _serve(config: Config, _chosen: argparse.Namespace) -> int:
    return serve(config)


def _worker(config: Config, _chosen: argparse.Namespace) -> int:
    from survey_app.worker import run_worker  # the mathematics, which no other command loads

    run_worker(config)
    return 0


def _account(config: Config, chosen: argparse.Namespace) -> int:
    asks = sys.stdin.isatty()
    password = getpass.getpass("Mật khẩu: ") if asks else sys.stdin.readline().rstrip("\n")
    with reach(config.database_url) as database, database.writing() as session:
        create_account(session, chosen.name, password, chosen.role)
    sys.stdout.write(f"Đã tạo tài khoản {chosen.name} ({chosen.role}).\n")
    return 0


def _device(config: Config, chosen: argparse.Namespace) -> int:
    token = secrets.token_urlsafe(32)
    with reach(config.database_url) as database, database.writing() as session:
        enrol_device(session, chosen.name, token, clock.now(), chosen.kind)
    sys.stdout.write(f"{token}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`libral`: runs the mesh on this machine."""

import argparse
import os
import subprocess
import sys
import xmlrpc.client

from deploy.local import runner
from deploy.local.embedded import EmbeddedError
from deploy.local.home import Home, HomeError
from deploy.local.letters import Letters, LettersError, describe
from deploy.local.programs import EDGE, ROOMS, SERVERS, Plan, PortError, room_environment
from deploy.local.runner import RunError
from deploy.local.supervision import ANSWER_ERRORS, Supervisor

MODULES = (*SERVERS, *ROOMS, *EDGE)
NOT_RUNNING = 3


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="libral",
        description="Runs the mesh on this machine, in the folder LIBRAL_HOME (./.libral).",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    up = verbs.add_parser("up", help="start everything and run it until Ctrl-C")
    up.add_argument("--detach", action="store_true", help="return once it is ready")
    verbs.add_parser("down", help="stop everything")
    status = verbs.add_parser("status", help="show what runs, and its memory (exit 3: not all)")
    status.add_argument("--json", action="store_true", help="as JSON")
    logs = verbs.add_parser("logs", help="show the newest log lines")
    logs.add_argument("module", nargs="?", choices=MODULES, help="only of this module")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as lines are written")
    restart = verbs.add_parser("restart", help="stop a module and start it again")
    restart.add_argument("module", choices=MODULES)
    verbs.add_parser("password", help="print the password of the user admin")
    add_events_actions(verbs.add_parser("events", help="check the event log"))
    add_letters_actions(verbs.add_parser("deadletters", help="events that a room gave up on"))
    return parser


def add_events_actions(events: argparse.ArgumentParser) -> None:
    actions = events.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser(
        "verify",
        help="recompute the chain of hashes in the database, and compare the checkpoints "
        "(exit 1: broken, 2: could not be checked)",
    )
    verify.add_argument("--json", action="store_true", help="as JSON")


def add_letters_actions(letters: argparse.ArgumentParser) -> None:
    actions = letters.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show them, the newest first")
    listing.add_argument("--json", action="store_true", help="a line of JSON each")
    for action, meaning in (
        ("retry", "have the room handle them once more"),
        ("discard", "have the room forget them"),
    ):
        asking = actions.add_parser(action, help=meaning)
        asking.add_argument("name", nargs="+", help="as the list shows it, such as users-42")


def main() -> None:
    arguments = make_parser().parse_args()
    home = Home.from_environment()
    try:
        sys.exit(run(arguments, home))
    except (HomeError, RunError, EmbeddedError, PortError, LettersError) as error:
        sys.exit(f"libral: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def run(arguments: argparse.Namespace, home: Home) -> int:
    if arguments.verb == "up":
        runner.up(home, detach=arguments.detach)
    elif arguments.verb == "down":
        down(home)
    elif arguments.verb == "status":
        return status(home, as_json=arguments.json)
    elif arguments.verb == "logs":
        return logs(home, arguments.module, follow=arguments.follow)
    elif arguments.verb == "restart":
        restart(home, arguments.module)
    elif arguments.verb == "events":
        return verify(home, as_json=arguments.json)
    elif arguments.verb == "deadletters":
        letters(home, arguments)
    else:
        password(home)
    return 0


def down(home: Home) -> None:
    if not home.path.exists() or not Supervisor(home).answers():
        print(f"No mesh runs in {home.path}.")
        return
    runner.stop(home)
    print("Stopped.")


def status(home: Home, *, as_json: bool) -> int:
    import json  # noqa: PLC0415 - only this verb needs it

    from deploy.local.report import Report, make_report  # noqa: PLC0415 - psutil, for this verb

    report = make_report(home) if home.path.exists() else Report([])
    print(json.dumps(report.as_dict()) if as_json else report.as_text())
    return 0 if report.running else NOT_RUNNING


def logs(home: Home, module: str | None, *, follow: bool) -> int:
    names = [module] if module else [*MODULES, "supervisord"]
    paths = [home.logs / f"{name}.log" for name in names]
    found = [str(path) for path in paths if path.exists()]
    if not found:
        raise HomeError(f"There are no logs in {home.logs}.")
    command = ["tail", "-n", "50", *(["-F"] if follow else []), *found]
    return subprocess.run(command, check=False).returncode


def restart(home: Home, module: str) -> None:
    try:
        Supervisor(home).restart(module)
    except xmlrpc.client.Fault as error:
        raise RunError(f"{module} does not restart: {error.faultString}") from None
    except ANSWER_ERRORS:
        raise RunError(f"No mesh runs in {home.path}.") from None
    print(f"{module} runs again.")


def verify(home: Home, *, as_json: bool) -> int:
    """Checks the log in a process of its own. The mesh may run or not."""
    plan = Plan.of(home)
    environment = os.environ | room_environment("events", home, plan)
    command = [sys.executable, "-m", "services.events.verify", *(["--json"] if as_json else [])]
    with runner.database(home, plan):
        return subprocess.run(command, env=environment, check=False).returncode


def letters(home: Home, arguments: argparse.Namespace) -> None:
    import json  # noqa: PLC0415 - only this verb needs it

    desk = Letters(home)
    if arguments.action == "list":
        count = 0
        for count, letter in enumerate(desk.list(), 1):  # noqa: B007 - how many there were
            print(json.dumps(letter) if arguments.json else describe(letter))
        if not count and not arguments.json:
            print("There are no dead letters.")
        return
    for name in arguments.name:
        print(describe(desk.ask(arguments.action, name)))


def password(home: Home) -> None:
    given = os.environ.get("LIBRAL_ADMIN_PASSWORD")
    try:
        print(given or home.secret("admin_password"))
    except OSError:
        raise HomeError(f"There is no password in {home.path} yet: run `libral up`.") from None


if __name__ == "__main__":
    main()

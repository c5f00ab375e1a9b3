"""`libral`: run the mesh on this machine."""

import argparse
import os
import subprocess
import sys
import xmlrpc.client

from deploy.local import runner
from deploy.local.dead_letters import DeadLetters, DeadLettersError, format_dead_letter
from deploy.local.embedded import EmbeddedError
from deploy.local.home import Home, HomeError
from deploy.local.programs import EDGE, SERVERS, SERVICES, Plan, PortError, service_environment
from deploy.local.runner import RunError
from deploy.local.supervision import CALL_ERRORS, SupervisordClient

MODULES = (*SERVERS, *SERVICES, *EDGE)
NOT_RUNNING = 3


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="libral",
        description="Run the mesh on this machine, in the folder LIBRAL_HOME (./.libral).",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    up = verbs.add_parser("up", help="start everything and run it until Ctrl-C")
    up.add_argument("--detach", action="store_true", help="return once it is ready")
    verbs.add_parser("down", help="stop everything")
    status = verbs.add_parser(
        "status", help="show the processes and their memory (exit 3: not all are running)"
    )
    status.add_argument("--json", action="store_true", help="print JSON")
    logs = verbs.add_parser("logs", help="show the newest log lines")
    logs.add_argument("module", nargs="?", choices=MODULES, help="only of this module")
    logs.add_argument(
        "-f", "--follow", action="store_true", help="wait for new lines and print them"
    )
    restart = verbs.add_parser("restart", help="stop a module and start it again")
    restart.add_argument("module", choices=MODULES)
    verbs.add_parser("password", help="print the password of the user admin")
    add_events_actions(verbs.add_parser("events", help="check the event log"))
    add_dead_letter_actions(
        verbs.add_parser("deadletters", help="list, retry or discard dead letters")
    )
    return parser


def add_events_actions(events: argparse.ArgumentParser) -> None:
    actions = events.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser(
        "verify",
        help="recompute the chain of hashes in the database, and compare the checkpoints "
        "(exit 1: broken, 2: could not be checked)",
    )
    verify.add_argument("--json", action="store_true", help="print JSON")


def add_dead_letter_actions(dead_letters: argparse.ArgumentParser) -> None:
    actions = dead_letters.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show them, the newest first")
    listing.add_argument("--json", action="store_true", help="print one JSON object a line")
    for action, meaning in (
        ("retry", "make the consumer handle them again"),
        ("discard", "make the consumer drop them"),
    ):
        command = actions.add_parser(action, help=meaning)
        command.add_argument("name", nargs="+", help="the name that list prints, such as users-42")


def main() -> None:
    arguments = make_parser().parse_args()
    home = Home.from_environment()
    try:
        sys.exit(run_verb(arguments, home))
    except (HomeError, RunError, EmbeddedError, PortError, DeadLettersError) as error:
        sys.exit(f"libral: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def run_verb(arguments: argparse.Namespace, home: Home) -> int:
    if arguments.verb == "up":
        runner.run_mesh(home, detach=arguments.detach)
    elif arguments.verb == "down":
        stop_running_mesh(home)
    elif arguments.verb == "status":
        return print_status(home, as_json=arguments.json)
    elif arguments.verb == "logs":
        return print_logs(home, arguments.module, follow=arguments.follow)
    elif arguments.verb == "restart":
        restart_module(home, arguments.module)
    elif arguments.verb == "events":
        return run_verification(home, as_json=arguments.json)
    elif arguments.verb == "deadletters":
        manage_dead_letters(home, arguments)
    else:
        print_password(home)
    return 0


def stop_running_mesh(home: Home) -> None:
    if not home.path.exists() or not SupervisordClient(home).is_running():
        print(f"No mesh runs in {home.path}.")
        return
    runner.stop_mesh(home)
    print("Stopped.")


def print_status(home: Home, *, as_json: bool) -> int:
    import json  # noqa: PLC0415 - only this verb needs it

    from deploy.local.report import MeshReport, make_report  # noqa: PLC0415 - psutil, for this verb

    report = make_report(home) if home.path.exists() else MeshReport([])
    print(json.dumps(report.as_dict()) if as_json else report.as_text())
    return 0 if report.running else NOT_RUNNING


def print_logs(home: Home, module: str | None, *, follow: bool) -> int:
    names = [module] if module else [*MODULES, "supervisord"]
    paths = [home.logs / f"{name}.log" for name in names]
    found = [str(path) for path in paths if path.exists()]
    if not found:
        raise HomeError(f"There are no logs in {home.logs}.")
    command = ["tail", "-n", "50", *(["-F"] if follow else []), *found]
    return subprocess.run(command, check=False).returncode


def restart_module(home: Home, module: str) -> None:
    try:
        SupervisordClient(home).restart(module)
    except xmlrpc.client.Fault as error:
        raise RunError(f"{module} does not restart: {error.faultString}") from None
    except CALL_ERRORS:
        raise RunError(f"No mesh runs in {home.path}.") from None
    print(f"{module} was restarted.")


def run_verification(home: Home, *, as_json: bool) -> int:
    """Verify the log in a separate process. The mesh need not be running."""
    plan = Plan.load(home)
    environment = os.environ | service_environment("events", home, plan)
    command = [sys.executable, "-m", "services.events.verify", *(["--json"] if as_json else [])]
    with runner.running_database(home, plan):
        return subprocess.run(command, env=environment, check=False).returncode


def manage_dead_letters(home: Home, arguments: argparse.Namespace) -> None:
    import json  # noqa: PLC0415 - only this verb needs it

    dead_letters = DeadLetters(home)
    if arguments.action == "list":
        count = 0
        for count, dead_letter in enumerate(dead_letters.list_all(), 1):  # noqa: B007 - read after the loop
            print(json.dumps(dead_letter) if arguments.json else format_dead_letter(dead_letter))
        if not count and not arguments.json:
            print("There are no dead letters.")
        return
    for name in arguments.name:
        print(format_dead_letter(dead_letters.request_action(arguments.action, name)))


def print_password(home: Home) -> None:
    given = os.environ.get("LIBRAL_ADMIN_PASSWORD")
    try:
        print(given or home.secret("admin_password"))
    except OSError:
        raise HomeError(f"There is no password in {home.path} yet: run `libral up`.") from None


if __name__ == "__main__":
    main()

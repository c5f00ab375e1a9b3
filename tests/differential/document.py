"""The table of docs/envoy.md: `python -m tests.differential.document` prints it."""

from tests.differential.contracts import REFUSALS
from tests.differential.differences import DIFFERENCES
from tests.differential.requests import TEMPLATES, templates
from tests.differential.worlds import RawRequest

HEAD = ["| Difference | Request | Ours | Envoy's | Why ours |", "|---|---|---|---|---|"]


def make_table() -> str:
    """Return a line for each difference of responses, and for each contract that Envoy refuses."""
    lines = [
        line(each.name, show(each.example), each.ours, each.envoy, each.why) for each in DIFFERENCES
    ]
    for each in REFUSALS:
        rule = f'`get: "{each.template}"`'
        rule += f' `response_body: "{each.response_body}"`' if each.response_body else ""
        lines.append(line(each.name, rule, "served", "does not start", each.why))
    return "\n".join([*HEAD, *lines]) + "\n"


def line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def show(request: RawRequest) -> str:
    """Return the request line, and its body or the template that it is meant for."""
    target, note = request.target, ""
    if request.world == TEMPLATES:
        _, first, *rest = target.split("/")
        target, note = "/" + "/".join(rest), f" of `{templates()[int(first[1:])]}`"
    body = f" `{request.body.decode()}`" if request.body else ""
    return f"`{request.verb} {target}`{note}{body}"


if __name__ == "__main__":
    print(make_table(), end="")  # noqa: T201

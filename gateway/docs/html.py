"""`/docs`: the OpenAPI document as one plain page, without scripts or external requests."""

from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-bottom: 1px solid var(--line); margin-top: 3rem; }
h3 { font: 600 1rem ui-monospace, monospace; margin: 2rem 0 .25rem; overflow-wrap: anywhere; }
p { margin: .25rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
td { border-top: 1px solid var(--line); padding: .25rem .5rem .25rem 0; vertical-align: top; }
td:first-child { font-family: ui-monospace, monospace; white-space: nowrap; }
small { opacity: .75; }
"""


def render_html(document: dict[str, Any]) -> str:
    """Render the operations by service, each with its parameters and roles."""
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            section = render_operation(verb, path, operation)
            groups.setdefault(operation["tags"][0], []).append(section)
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    sections = "".join(
        f"<h2>{escape(name)}</h2>{''.join(operations)}" for name, operations in groups.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style><h1>{title}</h1>"
        f"<p>Machine-readable: <code>/openapi.json</code>.</p>{sections}</html>"
    )


def render_operation(verb: str, path: str, operation: dict[str, Any]) -> str:
    roles = ", ".join(operation["security"][0]["bearer"]) if "security" in operation else "public"
    rows = "".join(
        f"<tr><td>{escape(parameter['name'])}<td>{escape(parameter['in'])}"
        f"<td>{escape(parameter['schema'].get('description', ''))}"
        for parameter in operation["parameters"]
    )
    body = body_type(operation)
    return (
        f"<h3>{escape(verb.upper())} {escape(path)}</h3><p>{escape(operation['description'])}</p>"
        f"<p><small>{escape(roles)}</small></p>"
        + (f"<p><small>Body: {escape(body)}</small></p>" if body else "")
        + (f"<table>{rows}</table>" if rows else "")
    )


def body_type(operation: dict[str, Any]) -> str:
    """Return the schema of a request body and its content types, or an empty text."""
    content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    if not content:
        return ""
    schema = str(next(iter(content.values())).get("schema", {}).get("$ref", "raw"))
    return f"{schema.rpartition('/')[2]} ({', '.join(content)})"

"""The table of all routes, a trie.

At each segment a literal takes precedence over `*`, and `*` over `**`. The cost of a look-up grows
with
the length of the path, not with the number of routes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from gateway.contracts.descriptors import Contracts
from gateway.http.errors import NOT_FOUND, UNIMPLEMENTED, StatusError, failure, invalid_field
from gateway.routing.routes import Route, RouteMatch, make_route
from gateway.routing.template import DOUBLE_STAR, STAR

ANY_VERB, NO_VERB = "*", ""
USUAL_VERBS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
PREFERRED = ("GET", "POST", "PUT", "PATCH", "DELETE")


class RoutesError(Exception):
    """Bindings that cannot be served, one problem a line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass
class Node:
    """A node of the trie. `tails` are the possible numbers of segments after `**`."""

    literals: dict[str, "Node"] = field(default_factory=dict[str, "Node"])
    star: "Node | None" = None
    double_star: "Node | None" = None
    tails: set[int] = field(default_factory=set[int])
    leaves: dict[str, dict[str, Route]] = field(default_factory=dict[str, dict[str, Route]])

    def child(self, segment: str) -> "Node":
        if segment == STAR:
            self.star = self.star or Node()
            return self.star
        if segment == DOUBLE_STAR:
            self.double_star = self.double_star or Node()
            return self.double_star
        return self.literals.setdefault(segment, Node())


class RouteTable:
    """All routes of a descriptor set."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes: list[Route] = []
        self._root = Node()
        problems = [problem for route in routes if (problem := self._add(route))]
        if problems:
            raise RoutesError(problems)

    def find_route(self, verb: str, path: str) -> RouteMatch:
        """Return the route of a raw path, with percent escapes.

        Raises:
            StatusError: 404, 405 with Allow, or 400 for a malformed escape.
        """
        segments, custom = split_path(path)
        allowed: set[str] = set()
        route = search_node(self._root, segments, 0, custom, verb, allowed)
        if route is not None:
            return RouteMatch(route, bind_variables(route, segments))
        if not allowed:
            raise not_found(path)
        raise not_allowed(verb, allowed)

    def find_method_route(self, method: str) -> Route:
        """Return the route of a method named `package.Service/Method`.

        Raises:
            StatusError: 404, no served method has that name.
        """
        route = self._by_method.get(method)
        if route is None:
            raise failure(NOT_FOUND, "METHOD_NOT_FOUND", f"There is no method {method!r}.")
        return route

    @cached_property
    def _by_method(self) -> dict[str, Route]:
        return {route.method.path.removeprefix("/"): route for route in reversed(self.routes)}

    def find_any_route(self, path: str) -> RouteMatch:
        """Return the route of a path for a client that names no verb. GET takes precedence.

        Raises:
            StatusError: 404, or 400 for a malformed escape.
        """
        allowed = self.allowed_verbs(path) - {"HEAD", "OPTIONS"}
        usual = [verb for verb in PREFERRED if verb in allowed]
        return self.find_route((usual or sorted(allowed))[0], path)

    def allowed_verbs(self, path: str) -> set[str]:
        """Return the verbs that a path accepts.

        Raises:
            StatusError: 404, there is no such path.
        """
        segments, custom = split_path(path)
        verbs: set[str] = set()
        search_node(self._root, segments, 0, custom, NO_VERB, verbs)
        if not verbs:
            raise not_found(path)
        return with_implied(verbs)

    def _add(self, route: Route) -> str:
        node = self._root
        segments = route.template.segments
        for number, segment in enumerate(segments):
            if segment == DOUBLE_STAR:
                node.tails.add(len(segments) - number - 1)
            node = node.child(segment)
        verb = route.template.verb
        leaf = node.leaves.setdefault(f":{verb}" if verb else "", {})
        if route.verb in leaf:
            other = leaf[route.verb].method.full_name
            binding = f"{route.verb} {route.template.text}"
            return f"{route.method.full_name}: {binding} is also bound to {other}."
        leaf[route.verb] = route
        self.routes.append(route)
        return ""


def search_node(
    node: Node, segments: list[str], depth: int, custom: str, verb: str, allowed: set[str]
) -> Route | None:
    """Return the best route below a node, and collect the verbs of other routes on the path."""
    if depth == len(segments):
        leaf = node.leaves.get(custom)
        route = choose_route(leaf, verb) if leaf is not None else None
        if route is not None:
            return route
        allowed.update(leaf or ())
    else:
        segment = segments[depth]
        for child in (node.literals.get(segment), node.star if segment else None):
            if child is not None:
                route = search_node(child, segments, depth + 1, custom, verb, allowed)
                if route is not None:
                    return route
    if node.double_star is not None:
        for tail in sorted(node.tails, reverse=True):
            if depth + tail <= len(segments):
                start = len(segments) - tail
                route = search_node(node.double_star, segments, start, custom, verb, allowed)
                if route is not None:
                    return route
    return None


def choose_route(leaf: dict[str, Route], verb: str) -> Route | None:
    """Return the route of a verb. Routes without a verb constraint are matched last."""
    if verb == NO_VERB:
        return None
    return leaf.get(verb) or (leaf.get("GET") if verb == "HEAD" else None) or leaf.get(ANY_VERB)


def split_path(path: str) -> tuple[list[str], str]:
    """Split a path into segments and the custom verb of the last one, with its colon."""
    segments = path.removeprefix("/").split("/")
    last, colon, verb = segments[-1].rpartition(":")
    if not colon:
        return segments, ""
    segments[-1] = last
    return segments, colon + verb


def bind_variables(route: Route, segments: list[str]) -> dict[str, str]:
    if not route.template.variables:
        return {}
    try:
        return route.template.bind(segments)
    except ValueError as error:
        raise invalid_field("path", f"{error}.") from None


def not_found(path: str) -> StatusError:
    return failure(NOT_FOUND, "ROUTE_NOT_FOUND", f"There is no route for {path}.")


def not_allowed(verb: str, allowed: set[str]) -> StatusError:
    verbs = ", ".join(sorted(with_implied(allowed)))
    return failure(
        UNIMPLEMENTED,
        "METHOD_NOT_ALLOWED",
        f"{verb} is not allowed here: use {verbs}.",
        http=405,
        headers=[("allow", verbs)],
    )


def with_implied(verbs: set[str]) -> set[str]:
    """Add HEAD, which GET implies, and OPTIONS, which every path accepts."""
    if ANY_VERB in verbs:
        verbs = (verbs - {ANY_VERB}) | USUAL_VERBS
    return verbs | {"OPTIONS"} | ({"HEAD"} if "GET" in verbs else set[str]())


def make_table(contracts: Contracts) -> RouteTable:
    """Return the routes of a descriptor set.

    Raises:
        RoutesError: Some cannot be served; all of them are listed.
    """
    problems: list[str] = []
    routes: list[Route] = []
    for method in contracts.methods:
        for number, binding in enumerate(method.bindings):
            try:
                routes.append(make_route(method, number))
            except ValueError as error:
                problems.append(f"{method.full_name}: {binding.verb} {error}.")
    try:
        table = RouteTable(routes)
    except RoutesError as error:
        problems += error.problems
    else:
        if not problems:
            return table
    raise RoutesError(problems)

"""Methods, messages and options, read from a descriptor set into a separate pool."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message

from gateway.contracts.comments import read_comments

METHOD_OPTIONS = "google.protobuf.MethodOptions"
HTTP = "google.api.http"
RULE = "libral.policy.v1.rule"
STREAM = "libral.policy.v1.stream"
HTTP_BODY = "google.api.HttpBody"

BUNDLED = ("libral", "descriptors.binpb")
NO_SIDE_EFFECTS = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
WHOLE_TYPES = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})
VERBS = ("get", "put", "post", "delete", "patch")


class DescriptorError(Exception):
    """A descriptor set that cannot be used. The message is one line."""


@dataclass(frozen=True)
class Rule:
    """Access rule of a method (`libral.policy.v1.Rule`)."""

    public: bool = False
    roles: frozenset[str] = frozenset()
    scope: str = ""
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Binding:
    """One HTTP binding of a method (`google.api.HttpRule`). The verb `*` matches any."""

    verb: str
    template: str
    body: str
    response_body: str


@dataclass(frozen=True)
class Method:
    """A gRPC method. `rule` is None in a set without access rules.

    `safe` methods are marked `idempotency_level = NO_SIDE_EFFECTS`. `cursor`, `resume`, `live` and
    `whole`
    are those of `libral.policy.v1.Stream`. `numbered` cursors are integers, which order the
    messages.
    """

    full_name: str
    package: str
    input: Descriptor
    output: Descriptor
    client_streaming: bool
    server_streaming: bool
    bindings: tuple[Binding, ...]
    rule: Rule | None
    cursor: str = ""
    resume: str = ""
    live: int = 0
    whole: bool = False
    safe: bool = False
    numbered: bool = field(init=False)
    service: str = field(init=False)
    path: str = field(init=False)
    request_class: Callable[[], Message] = field(init=False)
    response_class: type[Message] = field(init=False)

    def __post_init__(self) -> None:
        service, _, name = self.full_name.rpartition(".")
        object.__setattr__(self, "service", service)
        object.__setattr__(self, "path", f"/{service}/{name}")
        numbered = holds_whole_number(self.output, self.cursor) and holds_whole_number(
            self.input, self.resume
        )
        object.__setattr__(self, "numbered", numbered)
        object.__setattr__(self, "request_class", message_factory.GetMessageClass(self.input))
        object.__setattr__(self, "response_class", message_factory.GetMessageClass(self.output))


@dataclass(frozen=True)
class Contracts:
    """A loaded descriptor set. `comments` maps full names to their comments."""

    pool: DescriptorPool
    methods: tuple[Method, ...]
    comments: dict[str, str]


def load_bundled() -> Contracts:
    """Load the contracts of the mesh, which are stored beside the generated code."""
    package, name = BUNDLED
    return load_set(resources.files(package).joinpath(name).read_bytes(), f"{package}/{name}")


def load_file(path: Path) -> Contracts:
    return make_contracts(read_set_file(path), str(path))


def load_set(content: bytes, source: str) -> Contracts:
    return make_contracts(read_set(content, source), source)


def read_set_file(path: Path) -> FileDescriptorSet:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DescriptorError(f"{path}: {error.strerror}.") from None
    return read_set(content, str(path))


def read_set(content: bytes, source: str) -> FileDescriptorSet:
    try:
        return FileDescriptorSet.FromString(content)
    except DecodeError:
        raise DescriptorError(f"{source} is not a FileDescriptorSet.") from None


def make_contracts(files: FileDescriptorSet, source: str) -> Contracts:
    """Load a descriptor set, made with `--include_imports`, into a separate pool.

    Raises:
        DescriptorError: An imported file is missing.
    """
    pool = DescriptorPool()
    try:
        for file in files.file:
            pool.AddSerializedFile(file.SerializeToString())
        for file in files.file:
            pool.FindFileByName(file.name)
    except (TypeError, KeyError) as error:
        raise DescriptorError(
            f"{source} cannot be loaded: {' '.join(str(error).split())}"
        ) from None
    methods = tuple(method for file in files.file for method in read_methods(file, pool))
    comments = {name: text for file in files.file for name, text in read_comments(file)}
    return Contracts(pool, methods, comments)


def read_methods(
    file: descriptor_pb2.FileDescriptorProto, pool: DescriptorPool
) -> Iterator[Method]:
    options = MethodOptionReader(pool)
    for service in file.service:
        owner = f"{file.package}.{service.name}" if file.package else service.name
        for method in service.method:
            known = options.read(method)
            yield Method(
                full_name=f"{owner}.{method.name}",
                package=file.package,
                input=pool.FindMessageTypeByName(method.input_type.lstrip(".")),
                output=pool.FindMessageTypeByName(method.output_type.lstrip(".")),
                client_streaming=method.client_streaming,
                server_streaming=method.server_streaming,
                safe=method.options.idempotency_level == NO_SIDE_EFFECTS,
                **known,
            )


class MethodOptionReader:
    """Reads method options through the pool, since only the set defines its extensions."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._kind: Any = None
        if has_message(pool, METHOD_OPTIONS):
            self._kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(METHOD_OPTIONS))
        self._http = find_extension(pool, HTTP)
        self._rule = find_extension(pool, RULE)
        self._stream = find_extension(pool, STREAM)

    def read(self, method: descriptor_pb2.MethodDescriptorProto) -> dict[str, Any]:
        if self._kind is None:
            return {"bindings": (), "rule": None}
        options = self._kind.FromString(method.options.SerializeToString())
        found: dict[str, Any] = {"bindings": (), "rule": None}
        if self._http is not None and options.HasExtension(self._http):
            found["bindings"] = tuple(read_bindings(options.Extensions[self._http]))
        if self._rule is not None:
            found["rule"] = read_rule(options.Extensions[self._rule])
        if self._stream is not None:
            stream = options.Extensions[self._stream]
            names = ("cursor", "resume", "live", "whole")
            found |= {name: getattr(stream, name) for name in names}
        return found


def read_bindings(http: Any) -> Iterator[Binding]:
    for rule in (http, *http.additional_bindings):
        pattern = rule.WhichOneof("pattern")
        if pattern == "custom":
            verb, template = rule.custom.kind.upper(), rule.custom.path
        elif pattern in VERBS:
            verb, template = pattern.upper(), getattr(rule, pattern)
        else:
            continue
        yield Binding(verb, template, rule.body, rule.response_body)


def read_rule(rule: Any) -> Rule:
    roles = rule.DESCRIPTOR.fields_by_name["roles"].enum_type.values_by_number
    return Rule(
        public=rule.public,
        roles=frozenset(roles[number].name for number in rule.roles),
        scope=rule.scope,
        headers=tuple(name.lower() for name in rule.headers),
    )


def holds_whole_number(message: Descriptor, name: str) -> bool:
    """True if the message has a 64-bit integer field of that name."""
    found = message.fields_by_name.get(name)
    return found is not None and found.cpp_type in WHOLE_TYPES


def has_message(pool: DescriptorPool, name: str) -> bool:
    try:
        pool.FindMessageTypeByName(name)
    except KeyError:
        return False
    return True


def find_extension(pool: DescriptorPool, name: str) -> FieldDescriptor | None:
    try:
        return pool.FindExtensionByName(name)
    except KeyError:
        return None

"""Contracts that both sides can serve: those of the gateway's tests that Envoy accepts."""

from dataclasses import dataclass

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2

from deploy.envoy.descriptors import make_descriptor_set
from gateway.contracts.descriptors import HTTP_BODY, Contracts, load_set
from tests.gateway.spec.descriptor_sets import with_imports


@dataclass(frozen=True)
class Refusal:
    """A binding that the gateway serves and that keeps Envoy from starting, with the error."""

    name: str
    template: str
    response_body: str
    text: str
    why: str


REFUSALS = [
    Refusal(
        "a wildcard after `**`",
        "/v1/{a=**}/{b}",
        "",
        "invalid path template|Cannot register",
        "ruling; googleapis has such templates",
    ),
    Refusal(
        "response_body that is no HttpBody",
        "/v1/a",
        "a",
        'Setting "response_body" is not supported',
        "http.proto",
    ),
]


def contract_of(template: str, response_body: str) -> Contracts:
    """Return a contract of one method with one binding."""
    file = descriptor_pb2.FileDescriptorProto(name="r.proto", package="refused.v1", syntax="proto3")
    file.dependency.append(annotations_pb2.DESCRIPTOR.name)
    message = file.message_type.add(name="Message")
    for number, name in enumerate("ab", 1):
        message.field.add(name=name, number=number, label=1, type=9)
    method = file.service.add(name="Service").method.add(name="Method")
    method.input_type = method.output_type = ".refused.v1.Message"
    rule = method.options.Extensions[annotations_pb2.http]
    rule.get, rule.response_body = template, response_body
    files = [*with_imports([annotations_pb2.DESCRIPTOR]), file]
    return load_set(descriptor_pb2.FileDescriptorSet(file=files).SerializeToString(), file.name)


def is_deep(template: str) -> bool:
    """True if a wildcard follows `**`."""
    return bool({"*", "{"} & set(template.partition("**")[2]))


def without_refused(contracts: Contracts) -> Contracts:
    """Drop the bindings that keep Envoy from starting."""
    files = descriptor_pb2.FileDescriptorSet.FromString(make_descriptor_set(contracts))
    outputs = {method.full_name: method.output for method in contracts.methods}
    for file in files.file:
        for service in file.service:
            for method in service.method:
                output = outputs.get(f"{file.package}.{service.name}.{method.name}")
                if output is not None:
                    keep(method.options, lambda rule, output=output: is_taken(rule, output))
    return load_set(files.SerializeToString(), "the set that Envoy takes")


def is_taken(rule: http_pb2.HttpRule, output) -> bool:
    field = output.fields_by_name.get(rule.response_body)
    raw = field is None or (field.message_type and field.message_type.full_name == HTTP_BODY)
    return bool(raw) and not is_deep(template_of(rule))


def template_of(rule: http_pb2.HttpRule) -> str:
    pattern = rule.WhichOneof("pattern") or "get"
    return rule.custom.path if pattern == "custom" else getattr(rule, pattern)


def keep(options: descriptor_pb2.MethodOptions, wanted) -> None:
    """Keep the wanted HTTP rules of a method."""
    first = http_pb2.HttpRule()
    first.CopyFrom(options.Extensions[annotations_pb2.http])
    rules = [rule for rule in (first, *first.additional_bindings) if wanted(rule)]
    options.ClearExtension(annotations_pb2.http)
    for number, rule in enumerate(rules):
        main = options.Extensions[annotations_pb2.http]
        target = main.additional_bindings.add() if number else main
        target.CopyFrom(rule)
        target.ClearField("additional_bindings")

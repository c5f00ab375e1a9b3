"""The contract of a servicer, found from its generated base class."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc

SUFFIX = "Servicer"


@dataclass(frozen=True)
class Contract:
    """A gRPC service: its full name, and the function that adds a servicer to a server."""

    name: str
    add: Callable[[Any, grpc.aio.Server], None]


def contract_of(servicer: object) -> Contract:
    """Return the contract that a servicer implements.

    Generated code defines a base class `XServicer` and a function `add_XServicer_to_server` in
    `*_pb2_grpc`, beside the descriptors in `*_pb2`.

    Raises:
        TypeError: The class of the servicer derives from no generated base class.
    """
    for base in type(servicer).__mro__:
        generated = sys.modules[base.__module__]
        add = getattr(generated, f"add_{base.__name__}_to_server", None)
        if add is not None:
            messages = sys.modules[base.__module__.removesuffix("_grpc")]
            service = messages.DESCRIPTOR.services_by_name[base.__name__.removesuffix(SUFFIX)]
            return Contract(service.full_name, add)
    raise TypeError(f"{type(servicer).__name__} derives from no generated servicer.")

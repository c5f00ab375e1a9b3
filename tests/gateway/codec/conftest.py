from pathlib import Path

import pytest

from gateway.contracts.descriptors import Contracts, load_file
from tests.gateway.conftest import compile_protos


@pytest.fixture(scope="session")
def kinds(tmp_path_factory) -> Contracts:
    target = tmp_path_factory.mktemp("kinds") / "kinds.binpb"
    return load_file(compile_protos(target, Path(__file__).parent / "kinds.proto"))

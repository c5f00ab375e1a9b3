"""`protos/generate.py`: generated code is complete and up to date, and needs policies."""

import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from libral.policy.v1 import policy_pb2

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "protos" / "generate.py"


def load_script():
    """Import the script, which is not in a package."""
    spec = spec_from_file_location("generate", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_script()


@pytest.fixture
def descriptors(tmp_path, monkeypatch) -> Path:
    """A copy of the committed descriptor set."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = tmp_path / "libral" / "descriptors.binpb"
    path.parent.mkdir()
    path.write_bytes((generate.GENERATED / generate.DESCRIPTORS).read_bytes())
    return path


def methods_of(files: FileDescriptorSet) -> dict:
    return {
        f"{file.package}.{service.name}.{method.name}": method
        for file in files.file
        for service in file.service
        for method in service.method
    }


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def copied(tmp_path) -> Path:
    """A copy of the script and the contracts, without generated code."""
    shutil.copytree(ROOT / "protos" / "libral", tmp_path / "libral")
    return Path(shutil.copy(SCRIPT, tmp_path))


def test_the_committed_code_is_what_the_contracts_generate():
    done = run(SCRIPT, "--check")
    assert done.returncode == 0, done.stderr


def test_generated_code_takes_the_place_of_the_old(copied):
    generated = copied.with_name("gen") / "libral"
    generated.mkdir(parents=True)
    (generated / "stray.py").touch()
    done = run(copied)
    assert done.returncode == 0, done.stderr
    assert generate.find_differences(generated, generate.GENERATED / "libral") == []
    (generated / "stray.py").touch()
    refused = run(copied, "--check")
    assert refused.returncode == 1
    line = "Generated code is out of date, run `make protos`: stray.py"
    assert refused.stderr.splitlines()[-1] == line
    assert (generated / "stray.py").exists()


def test_a_contract_without_a_policy_is_refused(copied):
    path = copied.with_name("libral") / "users" / "v1" / "users.proto"
    contract = path.read_text()
    changed = re.sub(
        r"(rpc GetUser\(.*?)option \(libral\.policy\.v1\.rule\) = \{.*?\};",
        r"\1",
        contract,
        count=1,
        flags=re.DOTALL,
    )
    assert changed != contract
    path.write_text(changed)
    done = run(copied)
    assert done.returncode == 1
    line = "These methods have no policy: libral.users.v1.UserService.GetUser"
    assert done.stderr.splitlines()[-1] == line
    assert not copied.with_name("gen").exists()


def test_a_contract_that_does_not_compile_is_refused(copied):
    (copied.with_name("libral") / "broken.proto").write_text("syntax = nothing")
    done = run(copied)
    assert done.returncode == 1
    assert "broken.proto:1:" in done.stderr
    assert not copied.with_name("gen").exists()


def test_every_method_has_a_policy(descriptors):
    assert generate.methods_without_policy(descriptors) == []


def test_methods_without_a_policy_are_named(descriptors):
    files = FileDescriptorSet.FromString(descriptors.read_bytes())
    methods = methods_of(files)
    name = "libral.users.v1.UserService.GetUser"
    methods[name].options.ClearExtension(policy_pb2.rule)
    empty = "libral.users.v1.UserService.ListUsers"
    methods[empty].options.Extensions[policy_pb2.rule].CopyFrom(policy_pb2.Rule(scope="x"))
    descriptors.write_bytes(files.SerializeToString())
    assert sorted(generate.methods_without_policy(descriptors)) == [name, empty]


@pytest.mark.parametrize(
    ("rule", "admits"),
    [
        (policy_pb2.Rule(public=True), True),
        (policy_pb2.Rule(roles=[1]), True),
        (policy_pb2.Rule(), False),
        (None, False),
    ],
)
def test_a_policy_admits_everyone_or_a_role(rule, admits):
    assert generate.policy_admits(rule) is admits


def test_only_our_files_keep_their_comments(descriptors):
    files = FileDescriptorSet.FromString(descriptors.read_bytes())
    for file in files.file:
        file.source_code_info.location.add(leading_comments="words")
    descriptors.write_bytes(files.SerializeToString())
    generate.shrink_descriptors(descriptors)
    kept = FileDescriptorSet.FromString(descriptors.read_bytes()).file
    ours = {file.name for file in kept if file.HasField("source_code_info")}
    assert ours == {file.name for file in kept if file.name.startswith("libral/")}
    assert len(ours) < len(kept)


def test_differences_are_found_in_every_folder(tmp_path):
    left, right = tmp_path / "left", tmp_path / "right"
    for root in (left, right):
        (root / "deep" / "__pycache__").mkdir(parents=True)
        (root / "same").write_text("1")
        (root / "deep" / "changed").write_text(root.name[0])
    (left / "deep" / "gone").write_text("")
    (right / "new").write_text("")
    (right / "deep" / "__pycache__" / "cached").write_text("")
    assert generate.find_differences(left, right) == ["deep/changed", "deep/gone", "new"]

"""Generate Python code and the descriptor set from the contracts.

`python protos/generate.py` writes `protos/gen/libral`. With `--check` it writes to a temporary
folder instead and fails on any difference. A method without a policy is an error that names the
method.
"""

import argparse
import filecmp
import shutil
import sys
import tempfile
from pathlib import Path

import google.api.annotations_pb2 as annotations
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

ROOT = Path(__file__).parent
GENERATED = ROOT / "gen"
SOURCES = sorted(path.relative_to(ROOT) for path in (ROOT / "libral").rglob("*.proto"))
DESCRIPTORS = "libral/descriptors.binpb"
POLICY_PACKAGE = "libral.policy.v1"


def generate_code(target: Path) -> None:
    """Write code, types and descriptors below `target`."""
    include = Path(annotations.__file__).parents[2]
    scripts = Path(sys.executable).parent
    bundled = Path(protoc.__file__).parent / "_proto"
    status = protoc.main(
        [
            "protoc",
            f"--plugin=protoc-gen-mypy={scripts / 'protoc-gen-mypy'}",
            f"--plugin=protoc-gen-mypy_grpc={scripts / 'protoc-gen-mypy_grpc'}",
            f"--proto_path={ROOT}",
            f"--proto_path={include}",
            f"--proto_path={bundled}",
            f"--python_out={target}",
            f"--grpc_python_out={target}",
            f"--mypy_out={target}",
            f"--mypy_grpc_out={target}",
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={target / DESCRIPTORS}",
            *(str(path) for path in SOURCES),
        ]
    )
    if status != 0:
        sys.exit(status)
    shrink_descriptors(target / DESCRIPTORS)
    (target / "libral" / "py.typed").touch()


def shrink_descriptors(path: Path) -> None:
    """Remove the comments of files from other projects, which are most of the set."""
    files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    for file in files.file:
        if not file.package.startswith("libral."):
            file.ClearField("source_code_info")
    path.write_bytes(files.SerializeToString(deterministic=True))


def methods_without_policy(path: Path) -> list[str]:
    """Return the names of the methods of a descriptor set that have no policy."""
    sys.path.insert(0, str(path.parents[1]))
    from libral.policy.v1 import policy_pb2  # noqa: PLC0415 - it may just have been generated

    files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    return [
        f"{file.package}.{service.name}.{method.name}"
        for file in files.file
        if file.package.startswith("libral.")
        for service in file.service
        for method in service.method
        if not policy_admits(method.options.Extensions[policy_pb2.rule])
    ]


def policy_admits(rule: object) -> bool:
    return bool(getattr(rule, "public", False) or getattr(rule, "roles", ()))


def find_differences(left: Path, right: Path) -> list[str]:
    """Return the paths that differ between two trees, apart from caches."""
    compared = filecmp.dircmp(left, right, ignore=["__pycache__"])
    found = [*compared.left_only, *compared.right_only]
    _, mismatch, errors = filecmp.cmpfiles(left, right, compared.common_files, shallow=False)
    found += [*mismatch, *errors]
    for name in compared.common_dirs:
        found += [f"{name}/{path}" for path in find_differences(left / name, right / name)]
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="fail if the committed code is out of date"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        (fresh / "libral").mkdir()
        generate_code(fresh)
        if missing := methods_without_policy(fresh / DESCRIPTORS):
            sys.exit("These methods have no policy: " + ", ".join(missing))
        if arguments.check:
            if found := find_differences(GENERATED / "libral", fresh / "libral"):
                sys.exit("Generated code is out of date, run `make protos`: " + ", ".join(found))
            return
        shutil.rmtree(GENERATED / "libral", ignore_errors=True)
        shutil.copytree(fresh / "libral", GENERATED / "libral", dirs_exist_ok=True)


if __name__ == "__main__":
    main()

"""The JSON codec compared with `google.protobuf.json_format`, on the users list.

python -m tests.benchmarks.codec [--rounds N]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

from google.protobuf import json_format
from libral.users.v1 import users_pb2

from gateway.codec import Codec, well_known
from gateway.contracts.descriptors import load_bundled

USERS = 50


def make_list(codec_class) -> object:
    users = [
        {
            "name": f"users/{number:026d}",
            "displayName": f"利用者 {number}",
            "email": f"user{number}@example.com",
            "roles": ["USER", "OPERATOR"] if number % 5 == 0 else ["USER"],
            "state": "ACTIVE",
            "telegramId": str(10**9 + number),
            "createTime": f"2026-01-{1 + number % 28:02d}T12:{number:02d}:00.{number:06d}Z",
            "updateTime": f"2026-02-{1 + number % 28:02d}T12:{number:02d}:01.{number * 7:06d}Z",
            "lastSeenTime": f"2026-03-{1 + number % 28:02d}T12:{number:02d}:02.5Z",
        }
        for number in range(USERS)
    ]
    fields = users_pb2.User.DESCRIPTOR.fields_by_name
    known = {field.json_name for field in fields.values()}
    given = [{name: value for name, value in user.items() if name in known} for user in users]
    return json_format.ParseDict({"users": given}, codec_class())


def microseconds(call: Callable[[], object], rounds: int) -> float:
    """Return the CPU time of one call: the median of rounds of 20 calls."""
    times = []
    for _ in range(rounds):
        started = time.process_time_ns()
        for _ in range(20):
            call()
        times.append((time.process_time_ns() - started) / 20_000)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="rounds of 20 calls (200)")
    rounds = parser.parse_args().rounds
    contracts = load_bundled()
    codec = Codec(contracts.pool)
    kind = next(m for m in contracts.methods if m.full_name.endswith("ListUsers")).response_class
    message = make_list(kind)
    text = codec.encode(message, None)
    assert json.loads(text) == json_format.MessageToDict(
        message, always_print_fields_with_no_presence=True, descriptor_pool=contracts.pool
    )

    def peer_write() -> object:
        return json_format.MessageToJson(
            message, indent=None, always_print_fields_with_no_presence=True
        )

    def write_anew() -> object:
        well_known.format_time.cache_clear()
        return codec.encode(message, None)

    pairs = {
        "write, times not met before": (write_anew, peer_write),
        "write": (lambda: codec.encode(message, None), peer_write),
        "read": (
            lambda: codec.decode(text, kind(), None),
            lambda: json_format.Parse(text, kind()),
        ),
    }
    print(f"{USERS} users, {len(text)} bytes, N = {rounds * 20}; CPU µs a call")
    for name, (ours, theirs) in pairs.items():
        found, peer = microseconds(ours, rounds), microseconds(theirs, rounds)
        print(f"{name:28} codec {found:7.1f}  json_format {peer:7.1f}  x {peer / found:.2f}")


if __name__ == "__main__":
    main()

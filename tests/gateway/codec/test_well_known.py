"""Times, durations, masks, bytes and floats as text, compared with json_format."""

import math
import random

import pytest
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import FloatValue

from gateway.codec import well_known


def test_random_times_and_durations():
    chance = random.Random(3)
    for _ in range(2000):
        nanos = chance.choice([0, 1, 1000, 500_000_000, chance.randrange(10**9)])
        time = Timestamp(
            seconds=chance.randint(well_known.SECONDS_MIN, well_known.SECONDS_MAX), nanos=nanos
        )
        assert well_known.write_time(time) == time.ToJsonString()
        again = Timestamp()
        well_known.read_time(time.ToJsonString(), again)
        assert again == time
        sign = chance.choice([-1, 1])
        lag = Duration(seconds=sign * chance.randrange(10**10), nanos=sign * nanos)
        assert well_known.write_duration(lag) == lag.ToJsonString()
        back = Duration()
        well_known.read_duration(lag.ToJsonString(), back)
        assert back == lag


WRONG = [
    (well_known.write_time, Timestamp(seconds=well_known.SECONDS_MAX + 1)),
    (well_known.write_time, Timestamp(nanos=-1)),
    (well_known.write_duration, Duration(seconds=1, nanos=-1)),
    (well_known.write_duration, Duration(seconds=well_known.DURATION_SECONDS_MAX + 1)),
    (well_known.write_mask, FieldMask(paths=["fooBar"])),
    (well_known.write_mask, FieldMask(paths=["foo__bar"])),
]


@pytest.mark.parametrize(("write", "message"), WRONG)
def test_does_not_write_what_would_not_be_read_back(write, message):
    with pytest.raises(ValueError, match=r"out of range|cannot be written"):
        write(message)


def test_masks():
    mask = FieldMask()
    well_known.read_mask("fooBar.baz,*", mask)
    assert list(mask.paths) == ["foo_bar.baz", "*"]
    assert well_known.write_mask(FieldMask(paths=["foo_bar.baz"])) == "fooBar.baz"
    either = FieldMask()
    well_known.read_either_mask("foo_bar,fooBar", either)
    assert list(either.paths) == ["foo_bar", "foo_bar"]
    for text in ("foo bar", "a,", 1):
        with pytest.raises(ValueError, match="must be field names"):
            well_known.read_mask(text, FieldMask())


@pytest.mark.parametrize("text", ["/+8=", "_-8=", "_-8", ""])
def test_bytes_in_either_alphabet(text):
    content = well_known.read_bytes(text)
    assert well_known.write_bytes(content) == ("/+8=" if text else "")


def test_floats_have_the_fewest_distinguishing_digits():
    chance = random.Random(4)
    for _ in range(2000):
        value = well_known.round_to_single(chance.uniform(-1, 1) * 10 ** chance.randrange(-30, 30))
        written = well_known.write_float(value)
        assert well_known.round_to_single(written) == value
        assert written == json_format.MessageToDict(FloatValue(value=value))
    assert well_known.write_float(well_known.round_to_single(0.1)) == 0.1
    assert well_known.write_float(math.inf) == "Infinity"
    assert well_known.write_double(-math.inf) == "-Infinity"
    assert well_known.write_double(math.nan) == "NaN"
    assert well_known.round_to_single(1e300) == math.inf

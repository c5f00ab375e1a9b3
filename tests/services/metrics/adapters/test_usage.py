import os
import subprocess
import sys

import psutil
import pytest

from services.metrics.adapters.usage import UsageMeter, cpu_seconds_of, memory_of
from services.metrics.domain.modules import ProcessUsage


def test_cpu_is_known_from_the_second_reading_on():
    meter = UsageMeter()
    first = meter.measure_process("tests", os.getpid())
    assert first.memory_bytes > 0
    assert first.cpu is None
    sum(range(10**6))
    assert meter.measure_process("tests", os.getpid()).cpu > 0


def test_a_new_process_of_a_module_starts_from_zero():
    meter = UsageMeter()
    meter.measure_process("tests", os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert meter.measure_process("tests", child.pid).cpu is None
    child.communicate(b"\n")
    assert meter.measure_process("tests", child.pid) == ProcessUsage()


def test_memory_is_the_proportional_set_size():
    process = psutil.Process()
    assert memory_of(process) == pytest.approx(process.memory_full_info().pss, rel=0.1)
    assert cpu_seconds_of(process) > 0

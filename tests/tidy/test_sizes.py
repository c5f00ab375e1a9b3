"""Limits of function and module sizes."""

from tests.tidy.sources import modules

FUNCTION_LINES_MAX = 50
MODULE_LINES_MAX = 300


def test_functions_fit_a_screen():
    long = [
        f"{module.path}:{function.lineno} {function.name}"
        for module in modules()
        for function in module.functions
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert not long


def test_modules_are_short():
    long = [f"{module.path}: {module.lines}" for module in modules()]
    assert not [one for one in long if int(one.rpartition(" ")[2]) > MODULE_LINES_MAX]

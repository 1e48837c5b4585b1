"""librosa compiled as it is called: numba would compile what librosa declares, for all types, at its import,
and on a new machine, whose cache is empty, that is half a minute for four functions of one type each."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

MISSING = "needs librosa: `make test` installs it"
Function = Callable[..., Any]


def librosa_compiled_late() -> Any:
    """The module; skips the test where it is not installed."""
    numba = pytest.importorskip("numba", reason=MISSING)
    if "late" not in vars(numba.guvectorize):
        numba.guvectorize, numba.vectorize = late(numba.guvectorize), late(numba.vectorize)
    return pytest.importorskip("librosa", reason=MISSING)


def late(compiler: Callable[..., Callable[[Function], Function]]) -> Function:
    """A decorator of numba's that is given signatures, which compiles of them those that take the type of
    the first argument, when such a one comes."""

    def decorator(signatures: Sequence[str], *args: Any, **settings: Any) -> Callable[[Function], Function]:
        def decorate(function: Function) -> Function:
            @functools.cache
            def compiled(dtype: np.dtype) -> Function:
                taken = [signature for signature in signatures if f"({dtype}" in signature]
                return compiler(taken, *args, **settings)(function)

            @functools.wraps(function)
            def call(*arrays: Any, **outputs: Any) -> Any:
                return compiled(np.asarray(arrays[0]).dtype)(*arrays, **outputs)

            return call

        return decorate

    vars(decorator)["late"] = True
    return decorator

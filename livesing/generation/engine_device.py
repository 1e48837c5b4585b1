"""The NVIDIA GPU of this machine, asked of its driver: no framework has to be imported to know whether
importing one is worth it."""

import ctypes
import sys
from functools import cache
from typing import Any, NamedTuple

LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
# CUdevice_attribute, cuda.h
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76


class Gpu(NamedTuple):
    """The first device, as the driver names it."""

    name: str
    capability: str
    """Compute capability, as "8.6"."""
    driver: str
    """The newest CUDA that the driver knows, as "13.0"."""
    memory_gb: float


@cache
def gpu() -> Gpu | None:
    """None without a driver, and without a device that answers."""
    try:
        return ask(ctypes.CDLL(LIBRARY))
    except OSError:
        return None


def ask(driver: Any) -> Gpu | None:
    """Read the first device through the driver's own interface (cuda.h)."""
    device, number, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
    name = ctypes.create_string_buffer(128)
    if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(device), 0):
        return None

    def attribute(which: int) -> int:
        driver.cuDeviceGetAttribute(ctypes.byref(number), which, device)
        return number.value

    driver.cuDeviceGetName(name, len(name), device)
    driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    capability = f"{attribute(CAPABILITY_MAJOR)}.{attribute(CAPABILITY_MINOR)}"
    driver.cuDriverGetVersion(ctypes.byref(number))
    version = f"{number.value // 1000}.{number.value % 1000 // 10}"
    return Gpu(name.value.decode(errors="replace"), capability, version, memory.value / 1e9)

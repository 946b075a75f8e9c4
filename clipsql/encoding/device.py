"""Choose the device and the number format that a model runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipsql.errors import ModelError

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "bfloat16", "float16")


def choose_device(name: str | None = None) -> torch.device:
    """The device of that name; without a name the first of cuda, mps and cpu. Raises ModelError."""
    import torch

    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ModelError(f'Unknown device "{name}"; use cpu, cuda, cuda:1 ... or mps.') from None
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError):
        # AssertionError is what a torch that was built without CUDA raises.
        raise ModelError(f'Device "{name}" does not work with this torch; use --device cpu.') from None
    return device


def choose_dtype(name: str | None, device: torch.device) -> torch.dtype:
    """The format of that name; without a name bfloat16 where `device` has it in hardware, else float32."""
    import torch

    if name is None:
        return torch.bfloat16 if _computes_bfloat16(device) else torch.float32
    if name not in DTYPES:
        raise ModelError(f'Unknown dtype "{name}"; use one of {", ".join(DTYPES)}.')
    if name == "float16" and device.type == "cpu":
        raise ModelError('dtype "float16" is for GPUs; on the CPU use float32 or bfloat16.')
    dtype: torch.dtype = getattr(torch, name)
    return dtype


def _computes_bfloat16(device: torch.device) -> bool:
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    # Any AVX2 CPU can emulate bfloat16, slower than it does float32: ask for the instructions themselves.
    capabilities = torch.cpu.get_capabilities()
    return any(bool(capabilities.get(name)) for name in ("avx512_bf16", "amx_bf16"))

"""The precision of the matrix products of a training."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import torch

#: Precision of matrix products; weights and losses are always float32.
Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]


def product_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """The dtype of matrix products.

    Args:
        precision: Setting of the training; "auto" takes bfloat16 where the device multiplies it
            several times faster than float32: on GPUs of compute capability 8 and above, and on
            processors with AMX.
        device: Device of the network.

    Examples:
        >>> product_dtype("float32", torch.device("cpu"))
        torch.float32
    """
    if precision != "auto":
        return getattr(torch, precision)
    if device.type == "cpu":
        # Older versions of torch do not tell what the processor has.
        capabilities = getattr(torch.cpu, "get_capabilities", dict[str, Any])()
        fast = bool(capabilities.get("amx_bf16", False))
    else:
        # Before compute capability 8 torch emulates bfloat16, which is slower than float32.
        fast = torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.bfloat16 if fast else torch.float32


def products_in(dtype: torch.dtype, device: torch.device) -> torch.autocast:
    """A context in which matrix products have a dtype.

    Args:
        dtype: Result of :func:`product_dtype`.
        device: Device of the network.
    """
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)

"""Rounds random matrices to 8 and 4 bits with numpy and writes them to test/golden/quantise/: python3 scripts/goldens/quantise.py"""
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

ROWS, COLUMNS = 9, 150
DTYPES = {'bf16': torch.bfloat16, 'f16': torch.float16, 'f32': torch.float32}
OUT = Path(__file__).parents[2] / 'test' / 'golden' / 'quantise' / 'quantised.safetensors'


def weights(generator: np.random.Generator) -> np.ndarray:
    """Rows of ordinary size, and some that are all zero, tiny, huge, of one sign, or have one outlier."""
    w = generator.standard_normal((ROWS, COLUMNS)) * 0.02
    w[1] = 0
    w[2] *= 1e-4
    w[3] *= 1e5
    w[4] = np.abs(w[4])
    w[5] = -np.abs(w[5])
    w[6, 70] = 3.0
    w[7, 149] = -2.5
    w[8, :64] = 0
    return w


def rounded(w: np.ndarray, bits: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes, one per byte, zero-filled to whole blocks, and scales; in float64, but that the scale is stored in float32."""
    zero = 2 ** (bits - 1)
    padded = np.pad(w, ((0, 0), (0, -COLUMNS % block))).reshape(ROWS, -1, block)
    extreme = np.take_along_axis(padded, np.abs(padded).argmax(-1, keepdims=True), -1)
    scale = (extreme / -zero).astype(np.float32)
    ratio = padded / np.where(scale == 0, 1, scale).astype(np.float64)
    # Half-way cases would test the order of operations, not the rounding.
    distance = np.abs(ratio - np.floor(ratio) - 0.5)
    assert distance[np.abs(ratio) > 0].min() > 1e-7
    codes = np.clip(np.floor(ratio + 0.5), -zero, zero - 1) + zero
    return codes.astype(np.uint8).reshape(ROWS, -1), scale[..., 0]


def main() -> None:
    for seed in range(1000):
        generator = np.random.default_rng(seed)
        tensors = {}
        try:
            for name, dtype in DTYPES.items():
                stored = torch.tensor(weights(generator)).to(dtype)
                tensors[name] = stored
                for bits, block in ((8, 32), (8, 64), (4, 32), (4, 64)):
                    codes, scales = rounded(stored.double().numpy(), bits, block)
                    tensors[f'{name}.{bits}.{block}.codes'] = torch.from_numpy(codes)
                    tensors[f'{name}.{bits}.{block}.scales'] = torch.from_numpy(scales)
        except AssertionError:
            continue
        OUT.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, OUT)
        return
    raise SystemExit('every seed has a half-way case')


if __name__ == '__main__':
    main()

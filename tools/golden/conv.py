# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.15.0"]
# ///
"""What PyTorch makes of a few 3x3 convolutions, in double.

    python tools/golden/conv.py > tests/golden/conv.h
"""
import torch
import torch.nn.functional as F

KEPT = 12
CASES = [  # n, h, w, in, out, sides
    (2, 9, 6, 17, 18, 0), (1, 13, 14, 33, 16, 0), (2, 5, 7, 3, 20, 0), (1, 8, 5, 45, 4, 0),
    (2, 3, 5, 18, 17, 1), (1, 3, 4, 6, 5, 1), (1, 9, 8, 45, 20, 2), (2, 6, 5, 5, 3, 2),
    (1, 9, 8, 45, 20, 3), (2, 6, 5, 5, 3, 3),
]  # fmt: skip


def ramp(step, *shape):
    """i * step mod 1, less a half, as floats."""
    count = torch.Size(shape).numel()
    x = torch.fmod(torch.arange(count, dtype=torch.float64) * step, 1) - 0.5
    return x.float().double().reshape(shape)


def conv(n, h, w, wide_in, out, sides):
    """[n, h', w', out], and all between as [n, c, h, w]."""
    last_to_second = lambda x: x.permute(0, 3, 1, 2)
    x = last_to_second(ramp(0.6180339887, n, h, w, wide_in))
    scale, shift = ramp(0.37, n, wide_in, 1, 1), ramp(0.71, n, wide_in, 1, 1)
    x = F.silu(x * scale + shift)
    if sides == 1:
        x = F.interpolate(x, scale_factor=2, mode="nearest")
    if sides == 3:
        x = F.pad(x, (0, 1, 0, 1))
    weights, bias = ramp(0.7548776662, out, wide_in, 3, 3), ramp(0.41, out)
    y = F.conv2d(x, weights, bias, stride=2 if sides >= 2 else 1, padding=0 if sides == 3 else 1)
    return (y + ramp(0.29, n, out, 1, 1)).permute(0, 2, 3, 1).reshape(-1)


print(f"""/* Written by tools/golden/conv.py with torch 2.15.0. Do not edit. */
#ifndef GOLDEN_CONV_H
#define GOLDEN_CONV_H

/* Some numbers of y, evenly spread, and the rms of all. */
enum {{ GOLDEN_KEPT = {KEPT} }};
typedef struct {{
    int n, h, w, in, out, sides;
    double rms, y[GOLDEN_KEPT];
}} golden_conv;

/* clang-format off */
static const golden_conv golden_convs[] = {{""")
for case in CASES:
    y = conv(*case)
    kept = [f"{y[m * (len(y) - 1) // (KEPT - 1)]:.9g}" for m in range(KEPT)]
    rms = y.square().mean().sqrt().item()
    print(f"{{{', '.join(map(str, case))}, {rms:.6g},\n {{{', '.join(kept)}}}}},")
print("""};
/* clang-format on */
#endif""")

# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.15.0", "diffusers==0.42.0"]
# ///
"""What PyTorch makes of small layers, for tests/test_nn_golden.c.

    python tools/golden/nn.py > tests/golden/nn.h

Inputs are nn_number() of tests/nn_fixture.h, times a power of two, so that C can make them again and
every type of number has them exactly. Layers are computed in double. Of the results, in the order in
which they lie with channels last, every seventh is kept.
"""
import math

import torch
import torch.nn.functional as F
from diffusers.models.embeddings import get_timestep_embedding

torch.set_num_threads(1)


def numbers(seed, size, *shape):
    """nn_fill(), in a shape."""
    n = math.prod(shape)
    mask = (1 << 32) - 1
    out = []
    for i in range(n):
        h = (i + 1000003 * seed) * 2654435761 & mask
        h = (h ^ h >> 15) * 2246822519 & mask
        h = (h ^ h >> 13) * 3266489917 & mask
        out.append(((h >> 24) / 128 - 1) * size)
    return torch.tensor(out, dtype=torch.float64).reshape(shape)


def show(name, x):
    kept = ["%.9g" % v for v in x.flatten().tolist()[::7]]
    print("static const double golden_%s[] = {%s};" % (name, ", ".join(kept)))


def first(x):
    return x.permute(0, 3, 1, 2)  # channels


def last(x):
    return x.permute(0, 2, 3, 1)


print("""/* Written by tools/golden/nn.py with torch %s and diffusers 0.42.0. Do not edit. */
#ifndef GOLDEN_NN_H
#define GOLDEN_NN_H
#include <stdint.h>

/* clang-format off */""" % torch.__version__.split("+")[0])

x, w, b = numbers(1, 1, 5, 37), numbers(2, 0.5, 46, 37), numbers(3, 1, 46)
show("linear", F.linear(x, w, b))
hidden, gate = F.linear(x, w, b).chunk(2, dim=-1)
show("geglu", hidden * F.gelu(gate))
show("layer_norm", F.layer_norm(x, (37,), w[0], w[1], 1e-5))

x, w, b = numbers(4, 1, 2, 5, 7, 24), numbers(5, 1, 24), numbers(6, 1, 24)
normed = F.group_norm(first(x), 4, w, b, 1e-5)
show("group_norm", last(normed))
show("group_norm_silu", last(F.silu(normed)))

x = numbers(7, 8, 300)
show("silu", F.silu(x))
show("gelu", F.gelu(x))
show("gelu_quick", x * torch.sigmoid(1.702 * x))
x = numbers(8, 4, 4, 9, 9)
show("softmax", F.softmax(x, dim=-1))

for outs in 3, 18:
    x, w, b = numbers(9, 1, 2, 5, 7, 17), numbers(10, 0.25, outs, 17, 3, 3), numbers(11, 1, outs)
    x = first(x)
    show("conv_same_%d" % outs, last(F.conv2d(x, w, b, padding=1)))
    show("conv_double_%d" % outs,
         last(F.conv2d(F.interpolate(x, scale_factor=2.0, mode="nearest"), w, b, padding=1)))
    show("conv_halve_%d" % outs, last(F.conv2d(x, w, b, stride=2, padding=1)))
    show("conv_halve_late_%d" % outs, last(F.conv2d(F.pad(x, (0, 1, 0, 1)), w, b, stride=2)))

# [n, tokens, heads, size], as the channels lie
q, k, v = numbers(12, 2, 2, 7, 3, 5), numbers(13, 2, 2, 9, 3, 5), numbers(14, 1, 2, 9, 3, 5)
q, k, v = (a.transpose(1, 2) for a in (q, k, v))
show("attention", F.scaled_dot_product_attention(q, k, v).transpose(1, 2))
k, v = k[:, :, :7], v[:, :, :7]
show("attention_causal",
     F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2))

print("\nstatic const struct {\n    double t;\n    int width, sines_first;\n    double shift;")
print("    double out[6];\n} golden_waves[] = {")
for t in 0, 1, 481.5, 999:
    for width, flip, shift in (36, True, 0), (36, False, 1), (37, True, 0), (320, True, 0):
        out = get_timestep_embedding(torch.tensor([t], dtype=torch.float32), width,
                                     flip_sin_to_cos=flip, downscale_freq_shift=shift)[0]
        kept = [out[i * (width - 1) // 5] for i in range(6)]
        print("    {%.17g, %d, %d, %d, {%s}}," % (t, width, not flip, shift,
                                                 ", ".join("%.9g" % o for o in kept)))
print("};")

print("\nstatic const struct {\n    uint16_t half;\n    uint32_t f16, bf16; /* bits of the float */")
print("} golden_halves[] = {")
patterns = [0, 1, 2, 3, 0x3fe, 0x3ff, 0x400, 0x401, 0x7ff, 0x800, 0x3555, 0x3bff, 0x3c00, 0x3c01,
            0x5640, 0x7bfe, 0x7bff, 0x7c00, 0x7c01, 0x7dff, 0x7e00, 0x7f7f, 0x7f80, 0x7fff]
patterns = patterns + [p | 0x8000 for p in patterns]
halves = torch.tensor([p - (1 << 16) * (p >> 15) for p in patterns], dtype=torch.int16)
wide = [halves.view(t).float().view(torch.int32).tolist() for t in (torch.float16, torch.bfloat16)]
for i in range(0, len(patterns), 4):
    print("    " + " ".join("{0x%04x, 0x%08x, 0x%08x}," % (patterns[j], wide[0][j] & (1 << 32) - 1,
                                                           wide[1][j] & (1 << 32) - 1)
                            for j in range(i, i + 4)))
print("};\n/* clang-format on */\n\n#endif")

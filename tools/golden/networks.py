# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.15.0", "diffusers==0.42.0"]
# ///
"""What diffusers makes of small networks, for tests/test_unet.c, test_vae.c and test_taesd.c.

    python tools/golden/networks.py > tests/golden/networks.h

Weights are nn_number() of tests/nn_fixture.h, so that C can make them again: tensor number k of a
table, counted from 1, has the stream k, times a power of two; norms and biases as below. Networks are
computed in double, and so are the waves of the time.
"""
import json
import math

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel

KEPT = 24
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def numbers(seed, size, *shape):
    """nn_fill(), in a shape."""
    mask = (1 << 32) - 1
    h = (torch.arange(math.prod(shape), dtype=torch.int64) + 1000003 * seed) & mask
    multiply = lambda a, b: ((a & 0xFFFF) * b + ((a >> 16) * b << 16 & mask)) & mask
    h = multiply(h, 2654435761)
    h = multiply(h ^ h >> 15, 2246822519)
    h = multiply(h ^ h >> 13, 3266489917)
    return (((h >> 24).double() / 128 - 1) * size).reshape(shape)


def scale_of(shape):
    """What keeps sums of products near 1."""
    return 2.0 ** round(math.log2(math.sqrt(3 / math.prod(shape[1:]))))


def fill(model):
    """Give a network its weights; returns its table."""
    state = model.state_dict()
    table = []
    for k, name in enumerate(sorted(state), 1):
        shape = list(state[name].shape)
        if len(shape) > 1:
            state[name] = numbers(k, scale_of(shape), *shape)
        elif name.endswith("bias"):
            state[name] = numbers(k, 0.25, *shape)
        else:
            state[name] = 1 + numbers(k, 0.5, *shape)
        table.append((name, shape, scale_of(shape) if len(shape) > 1 else 0))
    model.double().eval().load_state_dict(state)
    return table


def show_network(name, model):
    table = fill(model)
    text = json.dumps({k: v for k, v in model.config.items() if k != "_use_default_values"})
    print(f"static const char golden_{name}_config[] =")
    for i in range(0, len(text), 70):
        print('    "%s"%s' % (text[i:i + 70].replace('"', '\\"'), ";" * (i + 70 >= len(text))))
    print(f"static const golden_tensor golden_{name}_table[] = {{")
    for n, shape, scale in table:
        print(f'    {{"{n}", {{{", ".join(map(str, shape))}}}, {scale:g}}},')
    print("};")


cases = []


def keep(network, way, n, h, w, t, y):
    """y as [n, c, h, w]."""
    y = y.permute(0, 2, 3, 1).reshape(-1)
    kept = ", ".join(f"{y[m * (len(y) - 1) // (KEPT - 1)]:.9g}" for m in range(KEPT))
    cases.append(f"{{golden_{network}, '{way}', {n}, {h}, {w}, {t}, {y.square().mean().sqrt():.6g},\n"
                 f"     {{{kept}}}}},")


def picture(seed, size, n, h, w, c):
    return numbers(seed, size, n, h, w, c).permute(0, 3, 1, 2)


UNETS = {
    "unet_a": dict(block_out_channels=(32, 64, 64), layers_per_block=2, attention_head_dim=2,
                   norm_num_groups=8, cross_attention_dim=24,
                   down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
                   up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D")),
    "unet_b": dict(block_out_channels=(32, 48), layers_per_block=(1, 2), attention_head_dim=(4, 6),
                   norm_num_groups=16, norm_eps=1e-6, cross_attention_dim=40, in_channels=5,
                   out_channels=3, use_linear_projection=True, flip_sin_to_cos=False, freq_shift=1,
                   transformer_layers_per_block=(1, 2),
                   down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                   up_block_types=("CrossAttnUpBlock2D", "UpBlock2D")),
    "unet_c": dict(block_out_channels=(32, 16), layers_per_block=1, attention_head_dim=(1, 2),
                   norm_num_groups=4, cross_attention_dim=16, mid_block_type=None,
                   down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
                   up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D")),
}  # fmt: skip
VAES = {
    "vae_a": dict(block_out_channels=(16, 32, 32), layers_per_block=1, norm_num_groups=8),
    "vae_b": dict(block_out_channels=(32, 48), layers_per_block=2, norm_num_groups=16,
                  latent_channels=6, scaling_factor=0.5, shift_factor=0.125, use_quant_conv=False,
                  use_post_quant_conv=False, mid_block_add_attention=False),
}  # fmt: skip
TINY = dict(encoder_block_out_channels=(16, 16, 16), decoder_block_out_channels=(16, 16, 16),
            num_encoder_blocks=(1, 2, 1), num_decoder_blocks=(2, 1, 1))  # fmt: skip


class Waves(torch.nn.Module):
    """The waves of the time, in double."""

    def __init__(self, width, flip, shift):
        super().__init__()
        self.width, self.flip, self.shift = width, flip, shift

    def forward(self, t):
        half = self.width // 2
        w = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float64) / (half - self.shift))
        angle = t.double()[:, None] * w
        parts = (angle.cos(), angle.sin()) if self.flip else (angle.sin(), angle.cos())
        return torch.cat(parts, dim=-1)


def unet(name, form):
    model = UNet2DConditionModel(sample_size=8, **form)
    show_network(name, model)
    c = model.config
    model.time_proj = Waves(c.block_out_channels[0], c.flip_sin_to_cos, c.freq_shift)
    for n, h, w, tokens, t in ((3, 8, 12, 7, 481.5), (2, 7, 9, 7, 999), (1, 5, 2, 7, 0)):
        text = numbers(1001, 1, n, tokens, c.cross_attention_dim)
        y = model(picture(1000, 2, n, h, w, c.in_channels), torch.tensor(t, dtype=torch.float64), text)
        keep(name, "e", n, h, w, t, y.sample)


def vae(name, form):
    levels = len(form["block_out_channels"])
    model = AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * levels,
                          up_block_types=("UpDecoderBlock2D",) * levels, **form)  # fmt: skip
    show_network(name, model)
    c = model.config
    for n, h, w in (2, 4, 4), (1, 3, 5):
        x = picture(1000, 2, n, h, w, c.latent_channels) / c.scaling_factor + (c.shift_factor or 0)
        keep(name, "d", n, h, w, 0, model.decode(x).sample)
    for n, h, w in (2, 16, 16), (1, 21, 14):
        x = picture(1000, 1, n, h, w, c.in_channels)
        keep(name, "e", n, h, w, 0, model.encode(x).latent_dist.parameters)


def tiny(name, form):
    model = AutoencoderTiny(**form)
    show_network(name, model)
    for n, h, w in (2, 4, 4), (1, 3, 5):
        keep(name, "d", n, h, w, 0, model.decode(picture(1000, 4, n, h, w, 4)).sample)
    for n, h, w in (2, 16, 16), (1, 21, 14):
        keep(name, "e", n, h, w, 0, model.encode(picture(1000, 1, n, h, w, 3)).latents)


print(f"""/* Written by tools/golden/networks.py with torch 2.15.0 and diffusers 0.42.0. Do not edit. */
#ifndef GOLDEN_NETWORKS_H
#define GOLDEN_NETWORKS_H

/* A tensor of a network: weights times so much, or 0: a norm's or a bias, known by its name. */
typedef struct {{
    const char *name;
    int shape[4];
    float scale;
}} golden_tensor;

/* clang-format off */""")
for name, form in UNETS.items():
    unet(name, form)
for name, form in VAES.items():
    vae(name, form)
tiny("taesd", TINY)
print(f"""
typedef enum {{ {", ".join("golden_" + n for n in (*UNETS, *VAES, "taesd"))} }} golden_name;

/* Some numbers of y, evenly spread, and the rms of all; 'e'ncoder or 'd'ecoder. */
enum {{ GOLDEN_KEPT = {KEPT} }};
static const struct {{
    golden_name name;
    char way;
    int n, h, w;
    double t, rms, y[GOLDEN_KEPT];
}} golden_cases[] = {{""")
for case in cases:
    print("    " + case)
print("""};
/* clang-format on */

#endif""")

# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.15.0", "transformers==5.23.0", "safetensors==0.8.0"]
# ///
"""Small random text encoders and what transformers makes of them, for tests/test_clip_text.c.

    python tools/golden/clip_text.py tests/golden

writes clip_text_quick.safetensors and .json, the same for clip_text_odd, and clip_text.h. Weights are
stored as f16 or f32; the answers are computed in double. Of each answer, every seventh number is kept.
"""
import json
import sys

import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

torch.set_num_threads(1)
folder = sys.argv[1]
out = open(folder + "/clip_text.h", "w")
print("""/* Written by tools/golden/clip_text.py with transformers 5.23.0. Do not edit. */
#ifndef GOLDEN_CLIP_TEXT_H
#define GOLDEN_CLIP_TEXT_H
#include <stdint.h>

/* clang-format off */""", file=out)

CASES = {
    "quick": dict(vocab_size=50, hidden_size=24, intermediate_size=40, num_hidden_layers=3,
                  num_attention_heads=4, max_position_embeddings=11, hidden_act="quick_gelu"),
    "odd": dict(vocab_size=41, hidden_size=21, intermediate_size=37, num_hidden_layers=2,
                num_attention_heads=3, max_position_embeddings=7, hidden_act="gelu",
                layer_norm_eps=1e-3),
}
for name, sizes in CASES.items():
    torch.manual_seed(len(name))
    config = CLIPTextConfig(**sizes, eos_token_id=2, bos_token_id=0, pad_token_id=1,
                            attn_implementation="eager")
    model = CLIPTextModel(config).eval()
    half = name == "quick"
    for key, p in model.named_parameters():
        p.data = torch.randn(p.shape) * (0.25 if p.dim() == 2 else 0.5)
        if "norm" in key and key.endswith("weight"):
            p.data += 1
        if half:
            p.data = p.data.half().float()
    stored = {k: v.half() if half else v for k, v in model.state_dict().items()
              if not k.endswith("position_ids")}
    if half:  # older files begin all names so
        stored = {k if k.startswith("text_model.") else "text_model." + k: v
                  for k, v in stored.items()}
    else:     # newer ones do not
        stored = {k.removeprefix("text_model."): v for k, v in stored.items()}
    save_file({k: v.contiguous() for k, v in stored.items()},
              folder + "/clip_text_%s.safetensors" % name)
    json.dump(sizes, open(folder + "/clip_text_%s.json" % name, "w"), indent=2)
    model = model.double()
    ids = torch.randint(0, sizes["vocab_size"], (3, sizes["max_position_embeddings"]))
    with torch.no_grad():
        states = model(ids, output_hidden_states=True).hidden_states
        norm = getattr(model, "text_model", model).final_layer_norm
        print("static const int32_t golden_ids_%s[] = {%s};" % (
            name, ", ".join(map(str, ids.flatten().tolist()))), file=out)
        for skip in range(1, sizes["num_hidden_layers"] + 1):
            answer = norm(states[-skip]).flatten().tolist()[::7]
            print("static const double golden_%s_%d[] = {%s};" % (
                name, skip, ", ".join("%.9g" % v for v in answer)), file=out)
        assert torch.equal(norm(states[-1]), model(ids).last_hidden_state)
print("/* clang-format on */\n\n#endif", file=out)

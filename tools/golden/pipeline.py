# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "transformers==5.23.0", "numpy<2",
# ]
# ///
"""What diffusers paints with two small random models, made as Stable Diffusion 1.x and 2.x: the same seed, prompt and sampler as ours.

    make build/tools/make_model
    build/tools/make_model build/tiny --tiny --seed 7
    build/tools/make_model build/two --tiny --two --seed 7
    python tools/golden/pipeline.py build/tiny build/two > tests/golden/pipeline.h

For each case: latents as they come from the sampler (every 37th of [n, c, h, w]), their root mean
square, and every 61st byte of the first picture.
"""
import sys

import diffusers
import torch

diffusers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)
PROMPT, NEGATIVE = "a red fox in the snow", "blurry, text"
LATENT, PIXEL = 37, 61


def case(sampler, scheduler, steps=20, guidance=7.5, width=32, height=32, batch=1, seed=3,
         list_name=None, two=0, **config):
    """One row: how it is asked for in C, and what diffusers makes of it."""
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(
        sys.argv[1 + two], torch_dtype=torch.float32, safety_checker=None,
        requires_safety_checker=False)
    if scheduler:
        kind = getattr(diffusers, scheduler)
        pipe.scheduler = kind.from_config(pipe.scheduler.config, **config)
    pipe.set_progress_bar_config(disable=True)
    kept = []

    def keep(pipe, i, t, tensors):
        kept.append(tensors["latents"])
        return tensors

    image = pipe(PROMPT, negative_prompt=NEGATIVE, num_inference_steps=steps,
                 guidance_scale=guidance, width=width, height=height, num_images_per_prompt=batch,
                 generator=torch.Generator().manual_seed(seed), output_type="np",
                 callback_on_step_end=keep).images
    x = kept[-1].double().flatten()
    bytes_ = (torch.tensor(image[0]) * 255).round().to(torch.uint8).flatten()
    text = lambda s: f'"{s}"' if s else "NULL"
    print(f"    {{{two}, {text(sampler)}, {text(list_name)}, {steps}, {guidance}, {width}, {height}, {batch},"
          f" {seed},\n     {x.square().mean().sqrt().item():.9g},")
    print("     {" + ", ".join(f"{v:.9g}" for v in x[::LATENT][:40].tolist()) + "},")
    print("     {" + ", ".join(str(v) for v in bytes_[::PIXEL][:40].tolist()) + "}},")


print(f"""/* Made by tools/golden/pipeline.py from diffusers {diffusers.__version__} and torch
 * {torch.__version__.split("+")[0]}; do not edit. */
static const struct {{
    int two; /* 2.x */
    const char *sampler, *list;
    int steps;
    double guidance;
    int width, height, batch, seed;
    double size;
    double latents[40];
    int bytes[40];
}} cases[] = {{""")
case(None, None)
case("DDIMScheduler", "DDIMScheduler", clip_sample=False)
case("EulerDiscreteScheduler", "EulerDiscreteScheduler")
case("EulerAncestralDiscreteScheduler", "EulerAncestralDiscreteScheduler")
case("HeunDiscreteScheduler", "HeunDiscreteScheduler", steps=12)
case("LMSDiscreteScheduler", "LMSDiscreteScheduler")
case("KDPM2DiscreteScheduler", "KDPM2DiscreteScheduler", steps=12)
case("DPMSolverMultistepScheduler", "DPMSolverMultistepScheduler")
case("DPMSolverMultistepScheduler", "DPMSolverMultistepScheduler", steps=10)
case("UniPCMultistepScheduler", "UniPCMultistepScheduler")
case("DEISMultistepScheduler", "DEISMultistepScheduler")
case("DDPMScheduler", "DDPMScheduler", clip_sample=False)
case("EulerDiscreteScheduler", "EulerDiscreteScheduler", list_name="karras", use_karras_sigmas=True)
case("DPMSolverMultistepScheduler", "DPMSolverMultistepScheduler", list_name="karras",
     use_karras_sigmas=True)
case(None, None, guidance=1, steps=8)
case(None, None, width=48, height=24, batch=3, seed=11, steps=8)
case("EulerAncestralDiscreteScheduler", "EulerAncestralDiscreteScheduler", batch=2, steps=8)
# Not PNDM: of a network that says v, diffusers adds up the v of several times before it makes noise
# of them with the last time. Ours makes noise of each with its own, as Liu 2022 has it.
case(None, None, two=1)
case("EulerDiscreteScheduler", "EulerDiscreteScheduler", two=1)
case("DPMSolverMultistepScheduler", "DPMSolverMultistepScheduler", steps=10, two=1)
print("};")

# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "transformers==5.23.0", "openvino==2026.4.1",
#   "onnx==1.23.2", "onnxruntime==1.32.0", "numpy<2",
# ]
# ///
"""Stable Diffusion 1.5's networks in other engines, on this machine: random weights, real shapes.

    python bench/peers/sd.py ENGINE STAGE SIDE [ROUNDS]

ENGINE is torch, openvino, openvino_bf16 or onnx; STAGE is unet (a guidance pair), text (one prompt)
or vae; SIDE is the picture's in pixels. Prints one line, with the columns of bench/bench_sd.c:
engine, stage, side, seconds (median and best of ROUNDS, 5; the first call is not counted), seconds
from the start to the first result, peak resident megabytes.
"""
import os
import resource
import statistics
import sys
import tempfile
import time

begin = time.monotonic()
engine, stage, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))

import torch  # noqa: E402

torch.manual_seed(0)
torch.set_num_threads(threads)
for name in dir(torch.nn.init):  # what is drawn with care is drawn again below, and that takes long
    if name.endswith("_") and not name.startswith("_"):
        setattr(torch.nn.init, name, lambda tensor, *_, **__: tensor)


class Decoder(torch.nn.Module):
    """AutoencoderKL.decode as a module."""

    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, z):
        return self.vae.decode(z, return_dict=False)[0]


class Guess(torch.nn.Module):
    """The UNet with a tensor for an answer."""

    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, x, t, text):
        return self.unet(x, t, text, return_dict=False)[0]


class Words(torch.nn.Module):
    """CLIP's text encoder with a tensor for an answer."""

    def __init__(self, clip):
        super().__init__()
        self.clip = clip

    def forward(self, ids):
        return self.clip(ids, return_dict=False)[0]


def network():
    """The stage's network and what it is asked."""
    latent = side // 8
    if stage == "unet":
        from diffusers import UNet2DConditionModel
        unet = UNet2DConditionModel(
            sample_size=64, cross_attention_dim=768, attention_head_dim=8,
            block_out_channels=(320, 640, 1280, 1280))
        return Guess(unet.eval()), (torch.randn(2, 4, latent, latent), torch.tensor(500),
                                    torch.randn(2, 77, 768))
    if stage == "text":
        from transformers import CLIPTextConfig, CLIPTextModel
        clip = CLIPTextModel(CLIPTextConfig(
            vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
            num_attention_heads=12, hidden_act="quick_gelu"))
        return Words(clip.eval()), (torch.randint(0, 49408, (1, 77)),)
    if stage != "vae":
        sys.exit(f"{stage}: unet, text or vae")
    from diffusers import AutoencoderKL
    vae = AutoencoderKL(
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        sample_size=512)
    return Decoder(vae.eval()), (torch.randn(1, 4, latent, latent),)


def with_torch(net, args):
    net = net.to(memory_format=torch.channels_last) if stage == "vae" else net

    def call():
        with torch.inference_mode():
            net(*args)
    return call


def with_openvino(net, args, hint):
    import openvino as ov
    with torch.inference_mode():
        model = ov.convert_model(net, example_input=args)
    compiled = ov.Core().compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": hint})
    request = compiled.create_infer_request()
    arrays = [a.numpy() for a in args]
    return lambda: request.infer(arrays)


def with_onnx(net, args):
    import onnxruntime
    path = os.path.join(tempfile.mkdtemp(), "net.onnx")
    names = [f"in{i}" for i in range(len(args))]
    torch.onnx.export(net, args, path, input_names=names, opset_version=17, dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {n: a.numpy() for n, a in zip(names, args)}
    return lambda: session.run(None, feed)


net, args = network()
for p in net.parameters():
    numbers = torch.arange(p.numel(), dtype=torch.int32).mul_(-1640531527)  # they wrap around
    p.data = (numbers.float() * 1e-11).view(p.shape)
if engine == "torch":
    call = with_torch(net, args)
elif engine.startswith("openvino"):
    call = with_openvino(net, args, "bf16" if engine.endswith("bf16") else "f32")
elif engine == "onnx":
    call = with_onnx(net, args)
else:
    sys.exit(f"{engine}: torch, openvino, openvino_bf16 or onnx")
del net
call()
first = time.monotonic() - begin
taken = []
for _ in range(rounds):
    start = time.monotonic()
    call()
    taken.append(time.monotonic() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6  # from KiB
print(f"{engine:14} {stage:5} {side:4} {statistics.median(taken):8.3f} {min(taken):8.3f} "
      f"{first:8.1f} {peak:8.0f}")

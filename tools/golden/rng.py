# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.15.0", "numpy==1.26.4"]
# ///
"""Prints tests/golden/rng.h: what PyTorch's CPU generator and the web UIs' Philox give.

    ATEN_CPU_CAPABILITY=avx2 python tools/golden/rng.py > tests/golden/rng.h

Numbers are given as their bits. A long draw is given as a hash, FNV-1a with 64 bits (Fowler, Noll,
Vo 1991) over the numbers' bytes, lowest byte first. Doubles carry the C library's last bit: the
header was made with glibc 2.36 on a processor with FMA.
"""
import numpy
import torch

SEEDS = [0, 1, 42, 2**32 - 1, 2**32 + 5, 0xDEADBEEFCAFEBABE]
SIZES = [1, 2, 7, 15, 16, 17, 31, 32, 100, 1000, 16384, 786432]
MIXED = [("n", 32, 1), ("n", 64, 2), ("u", 32, 3), ("n", 32, 16), ("n", 32, 2), ("u", 64, 1),
         ("n", 64, 17), ("n", 64, 1), ("n", 32, 100), ("u", 32, 31), ("n", 32, 15), ("n", 64, 15),
         ("n", 64, 33), ("n", 32, 1), ("u", 64, 7), ("n", 32, 1), ("u", 32, 0), ("n", 32, 0),
         ("n", 64, 1), ("n", 32, 333)]


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def draw(kind, bits, n):
    make = torch.randn if kind == "n" else torch.rand
    return make(n, dtype=torch.float32 if bits == 32 else torch.float64).numpy()


def bits_of(x):
    digits = x.dtype.itemsize * 2
    return [f"0x{v:0{digits}x}" for v in x.view(f"u{x.dtype.itemsize}").tolist()]


def array(name, words, kind, per_line):
    print(f"static const {kind} {name}[{len(words)}] = {{")
    for i in range(0, len(words), per_line):
        print("    " + ", ".join(words[i:i + per_line]) + ",")
    print("};")


def philox(counter, key):
    """Salmon et al. 2011, ten rounds, on arrays of 64-bit integers that hold 32 bits."""
    low = 0xFFFFFFFF
    a, b, c, d = [numpy.asarray(v, dtype=numpy.uint64) for v in counter]
    for r in range(10):
        p, q = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = ((q >> 32) ^ b ^ ((key[0] + r * 0x9E3779B9) & low), q & low,
                      (p >> 32) ^ d ^ ((key[1] + r * 0xBB67AE85) & low), p & low)
    return a, b, c, d


def philox_fill(kind, bits, seed, fill, n):
    i = numpy.arange(n, dtype=numpy.uint64)
    zero = numpy.zeros_like(i)
    a, b, c, d = philox((zero + fill, zero, i, zero), (seed & 0xFFFFFFFF, seed >> 32))
    f32 = numpy.float32
    if bits == 32 and kind == "n":  # as web UIs: constants in float, the rest in double
        turn = float(f32(2.3283064e-10 * 6.2831855))
        u, v = a * 2.0**-32 + 2.0**-33, b * turn + turn / 2
        return (numpy.sqrt(-2 * numpy.log(u)) * numpy.sin(v)).astype(f32)
    if bits == 32:
        u = a.astype(f32) * f32(2.0**-32) + f32(2.0**-33)
        return numpy.where(u == 1, f32(0), u)
    u, v = [(x ^ (y << 21)) * 2.0**-53 + 2.0**-54 for x, y in ((a, b), (c, d))]
    if kind == "n":
        return numpy.sqrt(-2 * numpy.log(u)) * numpy.sin(2 * numpy.pi * v)
    return numpy.where(u == 1, 0.0, u)


print(f"/* Made by tools/golden/rng.py with torch {torch.__version__.split('+')[0]} (CPU, AVX2), "
      f"numpy {numpy.__version__}. */")
print("#include <stddef.h>\n#include <stdint.h>\n\n/* clang-format off */")
print("static const uint64_t golden_seed[6] = {")
print("    " + ", ".join(f"0x{s:x}" for s in SEEDS) + ",\n};")

rows = [(1, k, b, n) for k in "nu" for b in (32, 64) for n in SIZES]
rows = [x for row in rows for x in (row, (0, "n", row[2], 5))] + [(1,) + MIXED[0]]
rows += [(0,) + m for m in MIXED[1:]]
print("\n/* Draws one after the other; `fresh` starts again from the seed. n normal, u uniform. */")
print("typedef struct { int fresh; char kind; int bits; size_t n; } golden_draw;")
words = [f"{{{f}, '{k}', {b}, {n}}}" for f, k, b, n in rows]
array("golden_draws", words, "golden_draw", 4)
print(f"\n/* The hash of each draw, seed by seed. */")
hashes = []
for seed in SEEDS:
    for fresh, kind, bits, n in rows:
        if fresh:
            torch.manual_seed(seed)
        hashes.append(f"0x{fnv(draw(kind, bits, n).tobytes()):016x}")
array("golden_hash", hashes, "uint64_t", 4)

print("\n/* manual_seed(42), then one draw. */")
for kind, name in (("n", "randn"), ("u", "rand")):
    for n in (7, 19):
        torch.manual_seed(42)
        array(f"golden_{name}32_{n}", bits_of(draw(kind, 32, n)), "uint32_t", 7)
        torch.manual_seed(42)
        array(f"golden_{name}64_{n}", bits_of(draw(kind, 64, n)), "uint64_t", 4)

print("\n/* manual_seed(7), then torch.randn(2, 3, 2, 5), in its order, float32. */")
torch.manual_seed(7)
array("golden_nchw", bits_of(torch.randn(2, 3, 2, 5).numpy().ravel()), "uint32_t", 7)
print("\n/* The same in float64. */")
torch.manual_seed(7)
array("golden_nchw64", bits_of(torch.randn(2, 3, 2, 5, dtype=torch.float64).numpy().ravel()),
      "uint64_t", 4)

print("\n/* Philox, seed 2^33 + 7, fill number 1 (the second one), by published formulas. */")
for kind, name in (("n", "normal"), ("u", "uniform")):
    for bits, per_line in ((32, 7), (64, 4)):
        numbers = philox_fill(kind, bits, 2**33 + 7, 1, 9)
        array(f"golden_philox_{name}{bits}", bits_of(numbers), f"uint{bits}_t", per_line)
print("\n/* Seed 42, fill number 0, 4 x 64 x 64 normals in float: a web UI's starting noise. */")
hash_ = fnv(philox_fill("n", 32, 42, 0, 16384).tobytes())
print(f"static const uint64_t golden_philox_hash = 0x{hash_:016x};")
print("/* clang-format on */")

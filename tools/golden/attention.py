# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.15.0"]
# ///
"""What PyTorch's scaled_dot_product_attention makes of small numbers, for tests/test_attention.c.

    python tools/golden/attention.py > tests/golden/attention.h

Number i of q is (37 i + 11) mod 101 / 50 - 1, rounded to float; k has 53 and 7 in their place, v 71
and 3. Computed in double.
"""
import torch

CASES = [(1, 1, 1, 3, 1, 0, 0), (2, 2, 5, 5, 4, 1, 0), (1, 3, 4, 7, 40, 0, 0), (2, 1, 9, 9, 3, 1, 0),
         (1, 2, 3, 6, 5, 0, 3.5), (1, 1, 2, 40, 17, 0, 0)]


def numbers(shape, times, plus):
    i = torch.arange(torch.Size(shape).numel())
    return (((times * i + plus) % 101).float() / 50 - 1).reshape(shape).double()


print("/* Made by tools/golden/attention.py with torch", torch.__version__.split("+")[0] + ". */")
print("/* clang-format off */")
rows = []
for n, heads, queries, keys, size, causal, scale in CASES:
    q, k, v = (numbers((n, t, heads, size), *of).transpose(1, 2)
               for t, of in ((queries, (37, 11)), (keys, (53, 7)), (keys, (71, 3))))
    y = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, is_causal=bool(causal), scale=scale or None)
    y = [f"{x:.9f}" for x in y.transpose(1, 2).flatten().tolist()]
    print(f"static const double golden_attention_{len(rows)}[] = {{")
    for i in range(0, len(y), 8):
        print("    " + ", ".join(y[i:i + 8]) + ",")
    print("};")
    rows.append(f"    {{{n}, {heads}, {queries}, {keys}, {size}, {causal}, {scale}f, "
                f"golden_attention_{len(rows)}}},".replace("0f,", "0,"))
print("static const struct { int n, heads, queries, keys, size, causal; float scale; "
      "const double *y; } golden_attention[] = {")
print("\n".join(rows) + "\n};")
print("/* clang-format on */")

# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==1.26.4", "scipy==1.17.1"]
# ///
"""Quantiles of the Beta distribution, by scipy, for tests/test_quantile.c.

    python tools/golden/quantile.py > tests/golden/quantile.h
"""
from scipy.stats import beta

SHAPES = (0.01, 0.1, 0.6, 1, 3, 50)
SHARES = (1e-20, 1e-6, 0.003, 0.1, 0.25, 0.5, 0.7, 0.99, 1 - 1e-6, 1 - 1e-12)

print("/* Made by tools/golden/quantile.py with scipy 1.17.1. */")
print("/* clang-format off */")
print("static const struct {\n    double a, b, p, x;\n} golden_quantiles[] = {")
for a in SHAPES:
    for b in SHAPES:
        rows = [f"{{{a}, {b}, {p!r}, {float(beta.ppf(p, a, b))!r}}}" for p in SHARES]
        for i in range(0, len(rows), 5):
            print("    " + ", ".join(rows[i:i + 5]) + ",")
print("};")
print("/* clang-format on */")

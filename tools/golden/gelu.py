# /// script
# requires-python = ">=3.10"
# dependencies = ["mpmath==1.3.0"]
# ///
"""The polynomial behind GELU in lib/nn/fast/math.h.

    python tools/golden/gelu.py

GELU is max(x, 0) - t Phi(-t) with t = |x|, and

    t Phi(-t) = e^(-t^2 / 2) s R(s),   s = t / (1 + A t)

where R is as smooth as can be: 1/2 at s = 0, and tending to A / sqrt(2 pi) as t grows. Remez 1934
finds the polynomial of TERMS terms whose largest relative error for t in [0, LAST] is the least:
its error has TERMS + 1 peaks of equal size and alternating sign. A is the one of those tried that
leaves the least error and no large coefficients.
"""
from mpmath import cos, erfc, exp, linspace, lu_solve, matrix, mp, mpf, nstr, pi, polyval, sqrt

mp.dps = 40
A, TERMS, LAST = mpf(11) / 32, 9, 14


def wanted(s):
    t = s / (1 - A * s)
    return erfc(t / sqrt(2)) / 2 * exp(t * t / 2) * (1 + A * t)


def with_equal_errors(nodes):
    """The polynomial whose relative errors at the nodes are +e, -e, +e, ..."""
    left, right = matrix(TERMS + 1), matrix(TERMS + 1, 1)
    for i, s in enumerate(nodes):
        for k in range(TERMS):
            left[i, k] = s**k / wanted(s)
        left[i, TERMS], right[i] = (-1)**i, 1
    return list(lu_solve(left, right))[:TERMS]


def peaks(grid, errors):
    """Where the error is largest between two changes of its sign."""
    found = [0]
    for i in range(1, len(grid)):
        if (errors[i] > 0) != (errors[found[-1]] > 0):
            found.append(i)
        elif abs(errors[i]) > abs(errors[found[-1]]):
            found[-1] = i
    while len(found) > TERMS + 1:
        found.pop(0 if abs(errors[found[0]]) < abs(errors[found[-1]]) else -1)
    return [grid[i] for i in found]


end = LAST / (1 + A * LAST)
grid = [end * (1 - cos(pi * v)) / 2 for v in linspace(0, 1, 2001)]
nodes = [end * (1 - cos(pi * v)) / 2 for v in linspace(0, 1, TERMS + 1)]
for _ in range(8):
    terms = with_equal_errors(nodes)
    errors = [polyval(terms[::-1], s) / wanted(s) - 1 for s in grid]
    nodes = peaks(grid, errors)
print("from the highest power to the lowest:", ", ".join(nstr(c, 9) for c in terms[::-1]))
print("largest relative error before rounding:", nstr(max(map(abs, errors)), 3))

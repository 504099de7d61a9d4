"""Moments of the posterior of examples/linreg.ad, by numerical integration; nothing of Adit and no sampler has a part in it.

Given sigma, the posterior of (alpha, beta) is normal, with moments in closed form; what is left is one integral over sigma, by the trapezoidal rule in log sigma on a fine grid, which
converges exponentially. Run it from the root of the repository: python3 tests/references/linreg/posterior.py > tests/references/linreg/posterior.json
Only the standard library is used.
"""
import csv
import json
import math

with open("examples/data/iris.csv") as f:
    rows = list(csv.DictReader(f))
x = [float(r["petal_length"]) for r in rows]
y = [float(r["petal_width"]) for r in rows]
n, sx, sxx = len(x), sum(x), sum(v * v for v in x)
sy, sxy, syy = sum(y), sum(a * b for a, b in zip(x, y)), sum(v * v for v in y)


def given(sigma):
    """Log of the marginal density of sigma, mean and covariance of (alpha, beta)."""
    w = 1 / sigma**2
    a, b, d = n * w + 1 / 9, sx * w, sxx * w + 1 / 9  # precision, priors normal(0, 3)
    det = a * d - b * b
    va, vab, vb = d / det, -b / det, a / det
    ra, rb = sy * w, sxy * w
    ma, mb = va * ra + vab * rb, vab * ra + vb * rb
    log = -n * math.log(sigma) - 0.5 * syy * w + 0.5 * (ma * ra + mb * rb) - 0.5 * math.log(det) - sigma / 3
    return log, ma, mb, va, vb


def moments(points):
    low, high = math.log(0.1), math.log(0.5)
    grid = [math.exp(low + (high - low) * i / points) for i in range(points + 1)]
    values = [(s, *given(s)) for s in grid]
    top = max(v[1] for v in values)
    total = [0.0] * 7
    for s, log, ma, mb, va, vb in values:
        w = math.exp(log - top) * s  # d sigma = sigma d log sigma
        for k, v in enumerate([1, ma, va + ma * ma, mb, vb + mb * mb, s, s * s]):
            total[k] += w * v
    m = [t / total[0] for t in total]
    return {name: {"mean": m[k], "sd": math.sqrt(m[k + 1] - m[k] ** 2)} for name, k in [("p.alpha", 1), ("p.beta", 3), ("p.sigma", 5)]}


coarse, fine = moments(2000), moments(20000)
assert all(abs(coarse[k][q] - fine[k][q]) < 1e-10 for k in fine for q in fine[k])
print(json.dumps(fine, indent=2))

#!/usr/bin/env python3
"""Reference numbers for the densities of the library: values, all partials, all second partials.

    pip install mpmath
    python3 tools/references/densities.py

writes tests/references/densities.jsonl: one line per point with the function, its arguments by name, the value, the gradient and the Hessian over all
float arguments in order (arrays row by row), 20 digits each. Functions are written from their definitions, derivatives are central differences
at 10^-150 relative step and hundreds of digits, so no formula of a derivative appears here that could share a mistake with the library. Points are fixed:
hand-picked edges and tails, and a seeded random sample.
"""
import json
import os
import random

from mpmath import mp, mpf

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "references", "densities.jsonl")
DIGITS = 1300
STEP = mpf(10) ** -150


def lg(x):
    return mp.re(mp.loggamma(x))


def softplus(x):
    return x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x))


def gap(x, loc, scale):
    return (x - loc) / scale


def normal(x, loc, scale):
    return -(gap(x, loc, scale) ** 2) / 2 - mp.log(scale) - mp.log(2 * mp.pi) / 2


def exponential(x, mean):
    return -mp.log(mean) - x / mean


def gamma(x, shape, scale):
    return (shape - 1) * mp.log(x) - x / scale - lg(shape) - shape * mp.log(scale)


def beta(x, a, b):
    return (a - 1) * mp.log(x) + (b - 1) * mp.log(1 - x) + lg(a + b) - lg(a) - lg(b)


def student_t(x, df, loc, scale):
    z = gap(x, loc, scale)
    return lg((df + 1) / 2) - lg(df / 2) - mp.log(mp.pi * df) / 2 - mp.log(scale) - (df + 1) / 2 * mp.log(1 + z * z / df)


def cauchy(x, loc, scale):
    return -mp.log(mp.pi * scale) - mp.log(1 + gap(x, loc, scale) ** 2)


def lognormal(x, loc, scale):
    return normal(mp.log(x), loc, scale) - mp.log(x)


def uniform(x, lo, hi):
    return -mp.log(hi - lo)


def bernoulli(y, logit):
    return -softplus(-logit if y == 1 else logit)


def binomial(k, n, logit):
    return mp.log(mp.binomial(n, k)) - k * softplus(-logit) - (n - k) * softplus(logit)


def categorical(k, logits):
    return -mp.log(mp.fsum(mp.exp(v - logits[k]) for v in logits))


def poisson(k, eta):
    return k * eta - mp.exp(eta) - mp.log(mp.factorial(k))


def dirichlet(x, alpha):
    return mp.fsum((a - 1) * mp.log(v) - lg(a) for v, a in zip(x, alpha)) + lg(mp.fsum(alpha))


def multi_normal(x, mean, l):
    z, lp = [], mpf(0)
    for i in range(len(x)):
        zi = (x[i] - mean[i] - mp.fsum(l[i][j] * z[j] for j in range(i))) / l[i][i]
        z.append(zi)
        lp -= zi * zi / 2 + mp.log(l[i][i]) + mp.log(2 * mp.pi) / 2
    return lp


def cdf(x, loc, scale):
    return mp.erfc(-gap(x, loc, scale) / mp.sqrt(2)) / 2


def quantile(p, loc, scale):
    return loc + scale * mp.sqrt(2) * mp.erfinv(2 * p - 1)


RANDOM = random.Random(20)


def between(lo, hi):
    return RANDOM.uniform(lo, hi)


def power(lo, hi):
    return 10.0 ** RANDOM.uniform(lo, hi)


def many(count, make):
    return [make() for _ in range(count)]


def location_scale(extra=lambda: ()):
    """Ordinary points, far tails, tiny and huge scales."""
    points = many(8, lambda: (between(-3, 3), *extra(), between(-2, 2), power(-1, 1)))
    points += [(5.0, *extra(), -1.0, 1e-3), (1e5, *extra(), 0.5, 2.0), (0.25, *extra(), 0.25, 3.0), (1e-6, *extra(), 0.0, 1e-5), (3.0, *extra(), 1.0, 1e6)]
    return points


def simplex(n):
    parts = many(n, lambda: RANDOM.expovariate(1))
    return [p / sum(parts) for p in parts]


def triangle(n):
    return [[power(-0.5, 0.5) if i == j else between(-1, 1) for j in range(n)] for i in range(n)]


def vector(n, lo, hi):
    return many(n, lambda: between(lo, hi))


FAR = [(1e200, 0.5, 2.0), (3.0, 1.0, 1e-100), (1e10, 0.0, 1.0)]
LOGITS = [0.0, 1e-10, -1e-10, 3.5, -2.25, 40.0, -40.0, 700.0, -700.0, 800.0, -1000.0]

# function: (names of the arguments, value, points)
TABLE = {
    "normal_logpdf": ("x loc scale", normal, location_scale() + [(38.0, 0.0, 1.0), (1.0, 1.0, 1e-100)]),
    "exponential_logpdf": ("x mean", exponential, many(8, lambda: (power(-2, 2), power(-1, 1))) + [(0.0, 2.0), (1e4, 1e-3), (1e-300, 1e8)]),
    "gamma_logpdf": ("x shape scale", gamma, many(8, lambda: (power(-1, 1), power(-1, 1.3), power(-1, 1)))
                     + [(1e-300, 2.5, 1.0), (1e-10, 0.01, 3.0), (900.0, 2.0, 1.0), (40.0, 1.0, 3.0), (50.0, 100.0, 0.5), (2e-8, 3.0, 1e-8), (7.0, 1e-8, 2.0)]),
    "beta_logpdf": ("x alpha beta", beta, many(8, lambda: (between(0, 1), power(-1, 1.5), power(-1, 1.5)))
                    + [(1e-300, 0.5, 2.0), (0.9999999999999999, 2.0, 0.5), (0.5, 1.0, 1.0), (1e-10, 1e-6, 3.0), (0.3, 50.0, 80.0), (0.999, 30.0, 0.7)]),
    "student_t_logpdf": ("x df loc scale", student_t, location_scale(lambda: (power(-1, 2),)) + [(x, df, l, s) for x, l, s in FAR for df in (0.5, 4.0)]
                         + [(1.0, df, 0.5, 2.0) for df in (1e-3, 1.0, 31.9, 32.1, 60.0, 1e3, 1e6, 1e10, 1e15)]),
    "cauchy_logpdf": ("x loc scale", cauchy, location_scale() + FAR + [(1e8, 0.0, 1.0), (1.1e8, 0.0, 1.0)]),
    "lognormal_logpdf": ("x loc scale", lognormal, many(8, lambda: (power(-2, 2), between(-2, 2), power(-0.7, 0.7))) + [(1e-300, 0.0, 1.0), (1e300, 2.0, 3.0), (1.0, 0.0, 1e-3)]),
    "uniform_logpdf": ("x lo hi", uniform, [(0.5, 0.0, 1.0), (-1.0, -2.0, 5.0), (1e-9, 0.0, 1e-8), (3.0, -1e10, 1e10)]),
    "bernoulli_logit_logpmf": ("y logit", bernoulli, [(y, l) for y in (0, 1) for l in LOGITS]),
    "binomial_logit_logpmf": ("k n logit", binomial, [(k, n, l) for k, n in ((0, 0), (0, 7), (7, 7), (3, 10), (1, 1), (400, 1000)) for l in LOGITS]),
    "categorical_logit_logpmf": ("k logits", categorical, [(0, [1.5]), (1, [0.0, 0.0]), (2, [1.0, -2.0, 0.5]), (0, [40.0, 0.0, 1.0]), (1, [800.0, 1.0, -5.0]), (0, [-1000.0, 1000.0]),
                                                           (2, [-700.0, 3.0, 700.0]), (1, [1e5, 1e5, 1e5])] + many(4, lambda: (RANDOM.randrange(5), vector(5, -4, 4)))),
    "poisson_log_logpmf": ("k log_rate", poisson, [(k, e) for k in (0, 1, 2, 17, 300) for e in (0.0, -3.5, 2.25, 5.7, -700.0, 20.0)]),
    "dirichlet_logpdf": ("x alpha", dirichlet, [(simplex(n), many(n, lambda: power(-1, 1.3))) for n in (1, 2, 3, 4)]
                         + [([1e-300, 1.0], [0.5, 2.0]), ([0.25, 0.75], [1.0, 1.0]), ([1e-5, 1e-9, 0.99998], [30.0, 1e-6, 2.0])]),
    "multi_normal_cholesky_logpdf": ("x mean l", multi_normal, [(vector(n, -2, 2), vector(n, -2, 2), triangle(n)) for n in (1, 2, 3, 3)]
                                     + [([1e5, -3.0], [0.0, 1.0], [[1e-3, 7.0], [0.5, 1e4]])]),
    "normal_cdf": ("x loc scale", cdf, location_scale()[:9] + [(-37.0, 0.0, 1.0), (8.0, 0.0, 1.0), (-5.0, 1.0, 0.5), (0.0, 0.0, 1.0), (-20.0, 3.0, 2.0)]),
    "normal_quantile": ("p loc scale", quantile, many(8, lambda: (between(0, 1), between(-2, 2), power(-1, 1)))
                        + [(1e-300, 0.0, 1.0), (1e-20, 1.0, 2.0), (0.5, 0.5, 2.0), (0.9999999999999999, 0.0, 1.0), (1e-6, 0.0, 3.0), (0.25, 0.0, 1.0), (0.7500000001, 0.0, 1.0)]),
}


def flat(value):
    return [v for part in value for v in flat(part)] if isinstance(value, (list, tuple)) else [value]


def rebuilt(shape, numbers):
    """Numbers, one after the other, in the form of `shape`; integers stay."""
    if isinstance(shape, (list, tuple)):
        return [rebuilt(part, numbers) for part in shape]
    return next(numbers) if isinstance(shape, float) else shape


def reference(f, point):
    floats = [mpf(x) for x in flat(point) if isinstance(x, float)]

    def at(changes):
        moved = list(floats)
        for i, change in changes:
            moved[i] += change
        return f(*rebuilt(point, iter(moved)))

    steps = [STEP * (abs(x) if x != 0 else 1) for x in floats]
    n = len(floats)
    one = [(at([(i, steps[i])]), at([(i, -steps[i])])) for i in range(n)]
    value = at([])
    gradient = [(up - down) / (2 * h) for (up, down), h in zip(one, steps)]
    hessian = [[None] * n for _ in range(n)]
    for i in range(n):
        hessian[i][i] = (one[i][0] - 2 * value + one[i][1]) / steps[i] ** 2
        for j in range(i):
            corners = [a * b * at([(i, a * steps[i]), (j, b * steps[j])]) for a in (1, -1) for b in (1, -1)]
            hessian[i][j] = hessian[j][i] = mp.fsum(corners) / (4 * steps[i] * steps[j])
    return value, gradient, hessian


def show(x):
    """20 digits. Differences leave noise far below the value where the truth is 0; what no float can be is infinite or 0."""
    x = mp.re(x)
    return "0" if abs(x) < mpf(10) ** -323 else mp.nstr(x, 20) if abs(x) < mpf(10) ** 308.2 else ('"Infinity"' if x > 0 else '"-Infinity"')


def row(numbers):
    return "[" + ", ".join(numbers) + "]"


def line(name, names, f, point):
    value, gradient, hessian = reference(f, point)
    at = json.dumps(dict(zip(names.split(), point)))
    floats = [mpf(x) for x in flat(point) if isinstance(x, float)]
    # A second partial that is 0 by structure comes out as a remainder of the rounding.
    size = lambda i: STEP * (abs(floats[i]) if floats[i] != 0 else 1)
    small = lambda x, i, j: abs(x) < mpf(10) ** (40 - mp.dps) * (1 + abs(value)) / (size(i) * size(j))
    rows = [[show(mpf(0) if small(x, i, j) else x) for j, x in enumerate(r)] for i, r in enumerate(hessian)]
    return f'{{"fn": "{name}", "at": {at}, "value": {show(value)}, "gradient": {row(map(show, gradient))}, "hessian": {row(map(row, rows))}}}\n'


def main():
    mp.dps = DIGITS
    count = 0
    with open(OUT, "w") as out:
        for name, (names, f, points) in TABLE.items():
            for point in points:
                out.write(line(name, names, f, point))
                count += 1
    print(count)


main()

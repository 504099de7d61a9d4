#!/usr/bin/env python3
"""Reference numbers for the primitive table: values, first and second partials.

    pip install mpmath
    python3 tools/references/generate.py [name ...]

writes crates/ir/tests/references/<row>.csv: one line per point with the operands (shortest form that reads back exactly), the value, the partials in each
float operand, the second partials (xx for one operand; xx, xy, yy for two), all with 20 digits.

Derivatives are central differences of the value at 10^-30 relative step and hundreds of digits, so no formula of a derivative appears here that
could share a mistake with the table. Points are fixed: hand-picked edges and a seeded random sample.
"""
import os
import random
import sys

from mpmath import mp, mpf

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "..", "crates", "ir", "tests", "references")
STEP = mpf(10) ** -30


def linear(name, lo, hi, count):
    """A seeded sample, uniform between lo and hi."""
    source = random.Random(name)
    return [source.uniform(lo, hi) for _ in range(count)]


def spread(name, lo, hi, count, signed=False):
    """A seeded sample, uniform in the exponent of ten between lo and hi."""
    source = random.Random(name)
    points = [10.0 ** source.uniform(lo, hi) for _ in range(count)]
    return [-x if signed and i % 2 else x for i, x in enumerate(points)]


def pairs(xs, ys):
    return list(zip(xs, ys))


def sigmoid(x):
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def softplus(x):
    return x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x))


def log1mexp(x):
    return mp.log1p(-mp.exp(x)) if x < -1 else mp.log(-mp.expm1(x))


def logaddexp(x, y):
    return softplus(x - y) + y


def cbrt(x):
    return mp.cbrt(x) if x >= 0 else -mp.cbrt(-x)


def lgamma(x):
    return mp.re(mp.loggamma(x))


def polygamma(n, x):
    """By reflection for negative x: the derivative of the cotangent is a two-sided sum."""
    if x > 0:
        return mp.psi(n, x)
    sign = -1 if n % 2 else 1
    return sign * mp.psi(n, 1 - x) - mp.diff(lambda t: mp.pi * mp.cot(mp.pi * t), x, n)


def xlogy(x, y):
    return x * mp.log(y)


def power(x, y):
    return mp.power(x, y)


ANGLES = [0.0, 0.5, -0.5, 1e-10, 3.141592653589793, 1.5707963267948966, 0.7853981633974483, -3.0, 1e5, 1e22, 1e-300]
ANGLES += linear("angles", -10, 10, 30) + spread("angles", -8, 15, 15, True)
HYPERBOLIC = [0.0, 1e-300, 1e-10, 30.0, -30.0, 18.0, -20.0, 200.0, -300.0] + linear("hyperbolic", -5, 5, 25) + spread("hyperbolic", -12, 2.5, 25, True)
LOGISTIC = [0.0, 1e-10, -1e-10, 40.0, -40.0, 36.0, -37.5, 300.0, -700.0, 700.0, -1000.0, 1000.0, 800.0, -800.0]
LOGISTIC += linear("logistic", -40, 40, 30) + linear("logistic wide", -600, 600, 20)
POSITIVE = [1.0, 2.0, 0.5, 1.0000000000000002, 0.9999999999999999, 1e-300, 1e300, 2.718281828459045]
POSITIVE += spread("positive", -300, 300, 30) + linear("near one", 0.5, 2, 20)
UNIT = [0.0, 0.5, -0.5, 1e-10, -1e-300, 0.9999999999999999, -0.9999999999999999, 0.999, 1e-5, 0.75]
UNIT += linear("unit", -1, 1, 40) + [1 - x for x in spread("near one", -15, -1, 12)] + spread("small", -15, -1, 8, True)
PLANE = [(3.0, 4.0), (1e-200, 1e-200), (1e200, -1e200), (1.0, 1e-6), (-1e-6, 1.0), (1e-300, 1e-290), (1e150, 3e-150), (-2.0, -2.0)]
PLANE += pairs(linear("plane x", -5, 5, 30), linear("plane y", -5, 5, 30)) + pairs(spread("wide x", -200, 200, 15, True), spread("wide y", -3, 3, 15))
GAMMA = [0.5, 1.0, 2.0, 1.5, 3.7, 10.0, 1e-10, 1e10, 171.5, 1e-5, 1e15, 9.999999, 10.000001, 1.4616321449683622, 1.01, 1.99]
GAMMA += linear("gamma", 0.01, 12, 40) + spread("gamma", -5, 6, 15)
NEGATIVE_GAMMA = [-0.5, -1.3, -10.7, -2.5, -3.9, -0.1, -1e-5, -50.25, -4.75] + linear("negative gamma", -8, 0, 12)
ERROR = [0.0, 1e-300, 1e-10, 0.5, -0.5, 0.84375, 1.25, 2.857142857142857, 6.0, -6.0] + linear("error", -4, 4, 40) + spread("error", -10, 0, 10, True)

# row: (value, digits, points); points of more operands are tuples; integer operands are written as Python integers
TABLE = {
    "sqrt": (mp.sqrt, 900, POSITIVE + [5e-324]),
    "cbrt": (cbrt, 900, POSITIVE + [-x for x in POSITIVE[:25]]),
    "hypot": (mp.hypot, 900, PLANE),
    "unit": (lambda x, y: x / mp.hypot(x, y), 900, PLANE),
    "pow": (power, 900, [(2.0, 3.0), (0.7, 1e-20), (1.0, 5.0), (10.0, 300.0), (1e-300, 0.5), (3.0, 0.0), (1.0000000000000002, 1e15)]
            + pairs(spread("pow x", -3, 3, 40), linear("pow y", -20, 20, 40)) + pairs(linear("pow near one", 0.9, 1.1, 10), linear("pow far", -3000, 3000, 10))),
    "powi": (power, 900, [(x, n) for n in (-7, -2, -1, 0, 1, 2, 3, 4, 5, 17, 100) for x in (0.3, -0.7, 1.1, -2.5, 12.5)]),
    "powlog": (lambda x, p, k: x ** p * mp.log(x) ** k, 900, [(x, p, k) for k in (1, 2, 3) for p in (-1.5, 0.0, 0.5, 2.0) for x in (0.01, 0.3, 1.7, 25.0)]),
    "exp": (mp.exp, 900, [0.0, 1e-10, 1e-300, 709.7, -744.0, -708.0, 1.0] + linear("exp", -700, 700, 30) + spread("exp", -12, 2.8, 25, True)),
    "exp2": (lambda x: mp.power(2, x), 900, [0.0, 1e-10, 1e-300, 1023.9, -1074.0, -1021.0, 1.0] + linear("exp2", -1000, 1000, 30) + spread("exp2", -12, 2.9, 25, True)),
    "expm1": (mp.expm1, 900, [0.0, 1e-10, 1e-300, 709.7, -40.0, 1.0] + linear("expm1", -30, 700, 20) + spread("expm1", -12, 1.4, 35, True)),
    "log": (mp.log, 900, POSITIVE + [5e-324]),
    "log2": (lambda x: mp.log(x) / mp.log(2), 900, POSITIVE),
    "log10": (lambda x: mp.log(x) / mp.log(10), 900, POSITIVE),
    "log1p": (mp.log1p, 900, [0.0, 1e-10, -1e-300, -0.9999999999999999, 1e300, -0.5] + linear("log1p", -0.99, 2, 30) + spread("log1p", -15, 200, 20)),
    "sigmoid": (sigmoid, 900, LOGISTIC),
    "softplus": (softplus, 900, LOGISTIC),
    "log1pexp": (softplus, 900, LOGISTIC),
    "log1mexp": (log1mexp, 900, [-0.5, -0.6931471805599453, -0.7, -1e-10, -1e-300, -40.0, -700.0] + linear("log1mexp", -5, 0, 30) + [-x for x in spread("log1mexp", -10, 2.5, 25)]),
    "logaddexp": (logaddexp, 900, [(0.0, 0.0), (1000.0, 1000.0), (-1000.0, -1000.0), (1000.0, 0.0), (1.0, 2.5), (-3.0, 40.0), (-0.5, -0.6)]
                  + pairs(linear("lae x", -10, 10, 30), linear("lae y", -10, 10, 30)) + pairs(linear("lae X", -300, 300, 12), linear("lae Y", -300, 300, 12))),
    "logshare": (lambda x, y: sigmoid(x - y), 900, [(0.0, 0.0), (1000.0, 1000.0), (1000.0, 0.0), (1.0, 2.5), (-3.0, 40.0)]
                 + pairs(linear("lsh x", -10, 10, 30), linear("lsh y", -10, 10, 30)) + pairs(linear("lsh X", -300, 300, 12), linear("lsh Y", -300, 300, 12))),
    "xlogy": (xlogy, 900, [(2.0, 3.0), (1e-300, 1e-300), (3.0, 1.0), (-2.0, 0.9999999999999999)] + pairs(linear("xlogy x", -5, 5, 40), spread("xlogy y", -20, 20, 40))),
    "xlog1py": (lambda x, y: x * mp.log1p(y), 900, [(2.0, 3.0), (3.0, 1e-10), (-2.0, -0.999), (1.0, 0.0)] + pairs(linear("xlog1py x", -5, 5, 40), linear("xlog1py y", -0.9, 4, 40))),
    "sin": (mp.sin, 900, ANGLES),
    "cos": (mp.cos, 900, ANGLES),
    "tan": (mp.tan, 900, ANGLES),
    "asin": (mp.asin, 900, UNIT),
    "acos": (mp.acos, 900, UNIT),
    "atan": (mp.atan, 900, [0.0, 1e-10, 1e-300, 1e100, -1e20] + linear("atan", -5, 5, 30) + spread("atan", -10, 50, 20, True)),
    "atan2": (mp.atan2, 900, PLANE),
    "sinh": (mp.sinh, 900, HYPERBOLIC + [700.0]),
    "cosh": (mp.cosh, 900, HYPERBOLIC + [700.0]),
    "tanh": (mp.tanh, 900, HYPERBOLIC),
    "sech": (mp.sech, 900, HYPERBOLIC + [700.0]),
    "asinh": (mp.asinh, 900, [0.0, 1e-10, 1e-300, 1e100, -1e20] + linear("asinh", -5, 5, 30) + spread("asinh", -10, 50, 20, True)),
    "acosh": (mp.acosh, 900, [1.5, 2.0, 1.0000000000000002, 1.000001, 1e200] + linear("acosh", 1, 5, 30) + spread("acosh", 0.001, 50, 15) + [1 + x for x in spread("acosh", -14, -1, 12)]),
    "atanh": (mp.atanh, 900, UNIT),
    "erf": (mp.erf, 900, ERROR),
    "erfc": (mp.erfc, 900, ERROR + [10.0, 26.0, 20.0, 15.5]),
    "erfinv": (mp.erfinv, 700, UNIT),
    "erfcinv": (lambda x: mp.erfinv(1 - x), 700, [1.0, 0.5, 1.5, 0.4999999999999999, 1e-5, 1e-10, 1e-20, 1e-30, 1e-100, 0.25, 1.99, 1.999999999] + linear("erfcinv", 0, 2, 30)
                + spread("erfcinv", -30, -1, 20)),
    "gauss": (lambda x: mp.exp(-x * x), 900, ERROR + [10.0, 26.0, 20.0, 15.5]),
    "lgamma": (lgamma, 300, GAMMA + NEGATIVE_GAMMA),
    "digamma": (mp.digamma, 300, GAMMA + NEGATIVE_GAMMA),
    "polygamma": (polygamma, 300, [(n, x) for n in (1, 2, 3, 5) for x in (0.1, 0.5, 1.0, 1.5, 3.7, 9.5, 14.9, 15.1, 20.5, 1e3, 1e6)]
                  + [(n, x) for n in (1, 2) for x in (-0.5, -1.3, -2.75, -0.01)] + [(12, 0.3), (12, 8.0), (20, 5.0)]),
}

# rows singular at 0, where the step has to be relative for small operands too
RELATIVE = {"sqrt", "cbrt", "hypot", "unit", "atan2", "log", "log2", "log10", "log1mexp", "pow", "xlogy", "lgamma", "digamma", "polygamma", "powlog", "erfcinv"}
# rows whose scale stays 1 for large operands
ABSOLUTE = {"sin", "cos", "tan"}


def step(name, x):
    size = abs(x)
    if name in ABSOLUTE or size == 0:
        return STEP
    if name in RELATIVE:
        return STEP * size
    return STEP * max(size, 1)


def first(f, args, steps, i):
    up, down = list(args), list(args)
    up[i] += steps[i]
    down[i] -= steps[i]
    return (f(*up) - f(*down)) / (2 * steps[i])


def second(f, args, steps, i, j):
    def partial(*shifted):
        return first(f, shifted, steps, i)

    if i != j:
        return first(partial, args, steps, j)
    up, down = list(args), list(args)
    up[i] += steps[i]
    down[i] -= steps[i]
    return (f(*up) - 2 * f(*args) + f(*down)) / steps[i] ** 2


def line(name, f, point):
    args = [mpf(x) if isinstance(x, float) else x for x in point]
    floats = [i for i, x in enumerate(point) if isinstance(x, float)]
    steps = [step(name, args[i]) if i in floats else None for i in range(len(args))]
    numbers = [f(*args)]
    numbers += [first(f, args, steps, i) for i in floats]
    numbers += [second(f, args, steps, i, j) for k, i in enumerate(floats) for j in floats[k:]]
    return ",".join([repr(x) for x in point] + [show(x) for x in numbers])


def show(x):
    """20 digits; what is below all floats is 0. Differences leave noise some 50 digits below the value where the truth is 0."""
    x = mp.re(x)
    return "0" if abs(x) < mpf(10) ** -330 else mp.nstr(x, 20)


def header(point):
    names = "xyz"[: len(point)]
    floats = [names[i] for i, x in enumerate(point) if isinstance(x, float)]
    seconds = [a + b for k, a in enumerate(floats) for b in floats[k:]]
    return ",".join(list(names) + ["value"] + floats_d(floats) + seconds)


def floats_d(floats):
    return ["d" + a for a in floats]


def main(wanted):
    for name, (f, digits, points) in TABLE.items():
        if wanted and name not in wanted:
            continue
        mp.dps = digits
        tuples = [p if isinstance(p, tuple) else (p,) for p in points]
        with open(os.path.join(OUT, name + ".csv"), "w") as out:
            out.write(header(tuples[0]) + "\n")
            for point in tuples:
                out.write(line(name, f, point) + "\n")
        print(name, len(tuples))


main(set(sys.argv[1:]))

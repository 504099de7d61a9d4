"""References for the kernels of `runtime::vector`.

    python3 tools/vector/points.py crates/runtime/tests/data/vector.txt [COUNT]

computes the values of all operands in the file again, with 60 digits, and adds COUNT drawn operands for each function. A line is

    name x y high low

with floats in the shortest form that reads back; the value is high + low, right to 32 digits. y is 0 for functions of one operand. Needs mpmath.
"""

import os
import random
import sys

from mpmath import acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, cos, cosh, erf, erfc, erfinv, exp, expm1, hypot, inf, log, log1p, mp, mpf, sin, sinh, sqrt, tan, tanh

mp.dps = 60


def sigmoid(x):
    return exp(x) / (1 + exp(x)) if x < 0 else 1 / (1 + exp(-x))


def softplus(x):
    return max(x, mpf(0)) + log1p(exp(-abs(x)))


def precise(f):
    """f with digits to spare for what cancels."""
    def g(*operands):
        with mp.workdps(400):
            return f(*operands)
    return g


# name: function, interval, magnitudes (both signs if the interval has both), and the same of a second operand
FUNCTIONS = {
    "exp": (exp, (-745, 709), (1e-20, 700)),
    "exp2": (lambda x: mpf(2) ** x, (-1074, 1023), (1e-20, 1000)),
    "expm1": (expm1, (-40, 709), (1e-20, 40)),
    "log": (log, (0.5, 2), (3e-308, 1e308)),
    "log2": (lambda x: log(x) / log(2), (0.5, 2), (3e-308, 1e308)),
    "log10": (lambda x: log(x) / log(10), (0.5, 2), (3e-308, 1e308)),
    "log1p": (log1p, (-0.999, 2), (1e-300, 0.99)),
    "sigmoid": (sigmoid, (-745, 40), (1e-20, 40)),
    "softplus": (softplus, (-745, 40), (1e-20, 40)),
    "log1mexp": (precise(lambda x: log(-expm1(x))), (-40, -1e-5), None),
    "tanh": (tanh, (-20, 20), (1e-20, 20)),
    "sech": (lambda x: 1 / cosh(x), (-745, 745), (1e-20, 20)),
    "sinh": (sinh, (-710, 710), (1e-20, 20)),
    "cosh": (cosh, (-710, 710), (1e-20, 20)),
    "gauss": (lambda x: exp(-x * x), (-27.2, 27.2), (1e-20, 20)),
    "asinh": (precise(asinh), (-2, 2), (1e-20, 1e149)),
    "acosh": (precise(acosh), (1, 3), (1.0000001, 1e149)),
    "atanh": (precise(atanh), (-1, 1), (1e-20, 0.999)),
    "sin": (sin, (-10, 10), (1e-20, 1e6)),
    "cos": (cos, (-10, 10), (1e-20, 1e6)),
    "tan": (tan, (-10, 10), (1e-20, 1e6)),
    "asin": (asin, (-1, 1), (1e-20, 0.999)),
    "acos": (acos, (-1, 1), (1e-20, 0.999)),
    "atan": (atan, (-3, 3), (1e-20, 1e30)),
    "erf": (erf, (-6, 6), (1e-20, 6)),
    "erfc": (erfc, (-6, 27.2), (1e-20, 6)),
    "erfinv": (erfinv, (-1, 1), (1e-20, 0.999)),
    "erfcinv": (lambda x: erfinv(1 - x), (0, 2), (1e-15, 1)),
    "cbrt": (lambda x: cbrt(x) if x >= 0 else -cbrt(-x), (-9, 9), (1e-300, 1e300)),
    "pow": (lambda x, y: x ** y, (0.5, 2), (1e-15, 1e15), (-20, 20), None),
    "logaddexp": (precise(lambda x, y: max(x, y) + log1p(exp(-abs(x - y)))), (0, 30), (1e-3, 700), (0, 30), (1e-3, 700)),
    "logshare": (lambda x, y: sigmoid(x - y), (-30, 30), (1e-3, 300), (-30, 30), (1e-3, 300)),
    "xlogy": (lambda x, y: x * log(y), (-9, 9), (1e-30, 1e30), (0.1, 3), (1e-30, 1e30)),
    "xlog1py": (lambda x, y: x * log1p(y), (-9, 9), (1e-30, 1e30), (-0.9, 3), (1e-30, 0.9)),
    "atan2": (atan2, (-3, 3), (1e-140, 1e140), (-3, 3), (1e-140, 1e140)),
    "hypot": (hypot, (-3, 3), (1e-140, 1e140), (-3, 3), (1e-140, 1e140)),
    "unit": (lambda x, y: x / hypot(x, y), (-3, 3), (1e-140, 1e140), (-3, 3), (1e-140, 1e140)),
}


def draw(interval, magnitudes):
    low, high = interval
    if magnitudes is None or random.random() < 0.5:
        return random.uniform(low, high)
    x = float(exp(random.uniform(float(log(magnitudes[0])), float(log(magnitudes[1])))))
    return -x if low < 0 and random.random() < 0.5 else x


def line(name, x, y):
    f, *ranges = FUNCTIONS[name]
    value = f(mpf(x)) if len(ranges) == 2 else f(mpf(x), mpf(y))
    if value != 0 and abs(value) < mpf("1e-323") or abs(value) > mpf("1.7976e308"):
        return None
    high = float(value)
    # float() of a subnormal number may round twice.
    if abs(high) < 1e-300:
        high = float(mp.nint(value * mpf(2) ** 1074)) * 5e-324
    return f"{name} {x!r} {y!r} {high!r} {float(value - mpf(high))!r}"


def main():
    path, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    random.seed(20 + count)
    operands = set()
    if os.path.exists(path):
        with open(path) as file:
            operands = {(n, float(x), float(y)) for n, x, y, *_ in map(str.split, file)}
    for name, (_, *ranges) in FUNCTIONS.items():
        for _ in range(count):
            y = draw(*ranges[2:]) if len(ranges) == 4 else 0.0
            operands.add((name, draw(*ranges[:2]), y))
    lines = filter(None, (line(*which) for which in sorted(operands)))
    text = "".join(l + "\n" for l in lines)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


main()

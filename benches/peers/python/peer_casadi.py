"""CasADi: graphs of scalars (SX), evaluated by its virtual machine, with reverse mode's gradient."""

import math

import casadi as ca
import numpy as np


def floats(slopes):
    return slopes


def pair(f, count, data):
    """The function of the first `count` floats that move; the others are data."""
    x, rest = ca.SX.sym("x", count), data[count:]
    out = f(x, rest)
    slope = ca.gradient(out, x)
    value = ca.Function("value", [x], [out])
    both = ca.Function("both", [x], [out, slope])
    return steady(value, count, data, 1), steady(both, count, data, 2)


def steady(function, count, data, outputs):
    """Repeated calls into buffers, without Python's objects for each number."""
    buffer, call = function.buffer()
    given = np.array(data[:count])
    room = [np.zeros(1)] + [np.zeros(count)] * (outputs - 1)
    buffer.set_arg(0, memoryview(given))
    for i, out in enumerate(room):
        buffer.set_res(i, memoryview(out))

    def run(keep=(buffer, given)):
        call()
        return room[0][0] if outputs == 1 else (room[0][0], room[1])

    return run


def test_function(x, _):
    return ca.sum1(ca.sin(x) + ca.cos(x**2))


def control_flow(x, _):
    return ca.sum1(ca.if_else(x > 0.5, ca.sin(x), ca.cos(x)))


def normal_logpdf(x, mu, sigma):
    return -0.5 * ((x - mu) / sigma) ** 2 - ca.log(sigma) - 0.5 * math.log(2 * math.pi)


def linreg(p, data):
    n = len(data) // 2
    x, y = ca.DM(data[:n]), ca.DM(data[n:])
    nll = -ca.sum1(normal_logpdf(y, p[0] + p[1] * x, p[2]))
    return nll - normal_logpdf(p[0], 0, 3) - normal_logpdf(p[1], 0, 3) + math.log(3) + p[2] / 3


def mlp(sizes):
    d, h, k, n = sizes

    def f(net, data):
        at = 0

        def take(rows, columns=1):
            nonlocal at
            part = ca.reshape(net[at : at + rows * columns], columns, rows).T
            at += rows * columns
            return part

        w1, b1, w2, b2, w3, b3 = take(h, d), take(h), take(k, h), take(k), take(k), take(1)
        x = ca.DM(np.reshape(data[: n * d], (n, d)))
        y = ca.DM(data[n * d :])
        a = ca.tanh(w1 @ x.T + ca.repmat(b1, 1, n))
        b = ca.tanh(w2 @ a + ca.repmat(b2, 1, n))
        return ca.sumsqr((w3.T @ b).T + b3 - y) / n

    return f


PROBLEMS = {
    "test_function": lambda sizes, data: pair(test_function, sizes[0], data),
    "control_flow": lambda sizes, data: pair(control_flow, sizes[0], data),
    "linreg": lambda sizes, data: pair(linreg, 3, data),
    "mlp": lambda sizes, data: pair(mlp(sizes), len(data) - sizes[3] * (sizes[0] + 1), data),
}

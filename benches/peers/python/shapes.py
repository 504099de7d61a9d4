"""The shapes of arguments, by problem: for libraries whose functions take arrays.

Each function takes a problem's sizes, and gives two lists of shapes: of what moves, and of what stays. The floats
that a peer is sent are these arrays, one after another; what is left of them nobody needs.
"""

import math

import numpy as np


def split(data, shapes):
    """Arrays of these shapes from the floats, in order."""
    out, at = [], 0
    for shape in shapes:
        size = math.prod(shape)
        out.append(np.reshape(data[at : at + size], shape))
        at += size
    return out


def problem(library, f, shapes):
    """What makes a function and its gradient of sizes and floats: by the library's `pair`, of the library's arrays."""

    def make(sizes, data):
        moving, still = shapes(sizes)
        arrays = [library.array(part) for part in split(data, moving + still)]
        return library.pair(f, arrays[: len(moving)], arrays[len(moving) :])

    return make


def vector(sizes):
    return [(sizes[0],)], []


def linreg(sizes):
    (n,) = sizes
    return [(), (), ()], [(n,), (n,)]


def mlp(sizes):
    d, h, k, n = sizes
    return [(h, d), (h,), (k, h), (k,), (k,), ()], [(n, d), (n,)]


def gmm(sizes):
    n, d, k = sizes
    return [(k,), (k, d), (k, d), (k, d * (d - 1) // 2)], [(n, d)]


def lstm(sizes):
    layers, b, c = sizes
    return [(2 * layers, 4 * b), (3, b)], [(2 * layers, b), (c, b)]


def recurrence(_):
    return [(), ()], []

"""PyTorch as it comes: eager functions of tensors and `backward`, one thread of the CPU, double precision."""

import math
import sys

import numpy as np
import shapes
import torch

torch.set_num_threads(1)


def floats(slopes):
    return np.concatenate([leaf.numpy().ravel() for leaf in slopes])


def array(part):
    return torch.tensor(part, dtype=torch.float64)


def pair(f, moving, still):
    leaves = [leaf.clone().requires_grad_() for leaf in moving]

    def value():
        with torch.no_grad():
            return f(*moving, *still)

    def both():
        out = f(*leaves, *still)
        return out.detach(), torch.autograd.grad(out, leaves)

    return value, both


def test_function(x):
    return torch.sum(torch.sin(x) + torch.cos(x**2))


def control_flow(x):
    return torch.sum(torch.where(x > 0.5, torch.sin(x), torch.cos(x)))


def normal_logpdf(x, mu, sigma):
    return -0.5 * ((x - mu) / sigma) ** 2 - torch.log(sigma) - 0.5 * math.log(2 * math.pi)


def linreg(alpha, beta, sigma, x, y):
    three = torch.tensor(3.0, dtype=torch.float64)
    nll = -torch.sum(normal_logpdf(y, alpha + beta * x, sigma))
    return nll - normal_logpdf(alpha, 0, three) - normal_logpdf(beta, 0, three) + math.log(3) + sigma / 3


def mlp(w1, b1, w2, b2, w3, b3, x, y):
    a = torch.tanh(x @ w1.T + b1)
    b = torch.tanh(a @ w2.T + b2)
    return torch.mean((b @ w3 + b3 - y) ** 2)


def gmm(alpha, mu, q, l, x):
    k, d = mu.shape
    n = x.shape[0]
    diagonal = torch.exp(q)
    # Column by column below the diagonal.
    columns, rows = np.triu_indices(d, 1)
    lower = torch.zeros((k, d, d), dtype=torch.float64)
    lower[:, rows, columns] = l
    centred = x[:, None, :] - mu[None]
    z = centred * diagonal + torch.einsum("kij,nkj->nki", lower, centred)
    inner = alpha + torch.sum(q, 1) - 0.5 * torch.sum(z**2, 2)
    total = torch.sum(torch.logsumexp(inner, 1)) - n * torch.logsumexp(alpha, 0)
    nu = d + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * (nu + 1 - j)) for j in range(1, d + 1))
    c = -0.5 * nu * d * math.log(2) - log_gamma
    prior = k * c - 0.5 * (torch.sum(diagonal**2) + torch.sum(l**2))
    return -0.5 * n * d * math.log(2 * math.pi) + total + prior


def problem(f, arguments):
    return shapes.problem(sys.modules[__name__], f, arguments)


PROBLEMS = {
    "test_function": problem(test_function, shapes.vector),
    "control_flow": problem(control_flow, shapes.vector),
    "linreg": problem(linreg, shapes.linreg),
    "mlp": problem(mlp, shapes.mlp),
    "gmm": problem(gmm, shapes.gmm),
}

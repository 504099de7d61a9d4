"""PyTorch as it comes: eager functions of tensors and `backward`, one thread of the CPU, double precision."""

import math

import numpy as np
import torch

torch.set_num_threads(1)


def floats(slopes):
    return np.concatenate([leaf.numpy().ravel() for leaf in slopes])


def split(data, shapes):
    """Tensors of these shapes from the floats, in order."""
    out, at = [], 0
    for shape in shapes:
        size = math.prod(shape)
        out.append(torch.tensor(np.reshape(data[at : at + size], shape), dtype=torch.float64))
        at += size
    return out


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


def over_vector(f):
    return lambda sizes, data: pair(f, split(data, [(sizes[0],)]), [])


def make_linreg(sizes, data):
    (n,) = sizes
    alpha, beta, sigma, x, y = split(data, [(), (), (), (n,), (n,)])
    return pair(linreg, [alpha, beta, sigma], [x, y])


def make_mlp(sizes, data):
    d, h, k, n = sizes
    *net, x, y = split(data, [(h, d), (h,), (k, h), (k,), (k,), (), (n, d), (n,)])
    return pair(mlp, net, [x, y])


def make_gmm(sizes, data):
    n, d, k = sizes
    alpha, mu, q, l, x, _ = split(data, [(k,), (k, d), (k, d), (k, d * (d - 1) // 2), (n, d), ()])
    return pair(gmm, [alpha, mu, q, l], [x])


PROBLEMS = {
    "test_function": over_vector(test_function),
    "control_flow": over_vector(control_flow),
    "linreg": make_linreg,
    "mlp": make_mlp,
    "gmm": make_gmm,
}

"""JAX: functions of arrays, `jit` of the function and of `value_and_grad`, one thread of the CPU, double precision."""

import math
import os
import sys

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import shapes

jax.config.update("jax_enable_x64", True)


def floats(slopes):
    return np.concatenate([np.ravel(leaf) for leaf in slopes])


def array(part):
    return jnp.asarray(part)


def pair(f, moving, still):
    """The function and its gradient in `moving`, compiled for these arguments."""
    value = jax.jit(f)
    both = jax.jit(jax.value_and_grad(f, argnums=tuple(range(len(moving)))))
    args = (*moving, *still)
    return lambda: value(*args).block_until_ready(), lambda: jax.block_until_ready(both(*args))


def test_function(x):
    return jnp.sum(jnp.sin(x) + jnp.cos(x**2))


def control_flow(x):
    return jnp.sum(jnp.where(x > 0.5, jnp.sin(x), jnp.cos(x)))


def normal_logpdf(x, mu, sigma):
    return -0.5 * ((x - mu) / sigma) ** 2 - jnp.log(sigma) - 0.5 * math.log(2 * math.pi)


def linreg(alpha, beta, sigma, x, y):
    nll = -jnp.sum(normal_logpdf(y, alpha + beta * x, sigma))
    return nll - normal_logpdf(alpha, 0, 3) - normal_logpdf(beta, 0, 3) + math.log(3) + sigma / 3


def mlp(w1, b1, w2, b2, w3, b3, x, y):
    a = jnp.tanh(x @ w1.T + b1)
    b = jnp.tanh(a @ w2.T + b2)
    return jnp.mean((b @ w3 + b3 - y) ** 2)


def gmm(alpha, mu, q, l, x):
    k, d = mu.shape
    n = x.shape[0]
    diagonal = jnp.exp(q)
    # Column by column below the diagonal.
    columns, rows = np.triu_indices(d, 1)
    lower = jnp.zeros((k, d, d)).at[:, rows, columns].set(l)
    centred = x[:, None, :] - mu[None]
    z = centred * diagonal + jnp.einsum("kij,nkj->nki", lower, centred)
    inner = alpha + jnp.sum(q, 1) - 0.5 * jnp.sum(z**2, 2)
    total = jnp.sum(jax.scipy.special.logsumexp(inner, axis=1)) - n * jax.scipy.special.logsumexp(alpha)
    nu = d + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * (nu + 1 - j)) for j in range(1, d + 1))
    c = -0.5 * nu * d * math.log(2) - log_gamma
    prior = k * c - 0.5 * (jnp.sum(diagonal**2) + jnp.sum(l**2))
    return -0.5 * n * d * math.log(2 * math.pi) + total + prior


def lstm(main, extra, state, text):
    layers, b = main.shape[0] // 2, extra.shape[1]
    w = main[0::2].reshape(layers, 4, b)
    bias = main[1::2].reshape(layers, 4, b)

    def step(s, now_next):
        now, following = now_next
        given, out = now * extra[0], []
        for i in range(layers):
            h, cell = s[i]
            forget = jax.nn.sigmoid(given * w[i, 0] + bias[i, 0])
            ingate = jax.nn.sigmoid(h * w[i, 1] + bias[i, 1])
            outgate = jax.nn.sigmoid(given * w[i, 2] + bias[i, 2])
            change = jnp.tanh(h * w[i, 3] + bias[i, 3])
            cell = cell * forget + ingate * change
            given = outgate * jnp.tanh(cell)
            out.append((given, cell))
        y = given * extra[1] + extra[2]
        lse = jnp.log(jnp.sum(jnp.exp(y)) + 2)
        return out, jnp.sum(following * (y - lse))

    start = [(state[2 * i], state[2 * i + 1]) for i in range(layers)]
    _, terms = jax.lax.scan(step, start, (text[:-1], text[1:]))
    return -jnp.sum(terms) / ((text.shape[0] - 1) * b)


def recurrence(steps):
    def last(x, p):
        return jax.lax.scan(lambda s, _: (s + 0.01 * jnp.sin(s) * p, None), x, None, length=steps)[0]

    return last


def problem(f, arguments):
    return shapes.problem(sys.modules[__name__], f, arguments)


PROBLEMS = {
    "test_function": problem(test_function, shapes.vector),
    "control_flow": problem(control_flow, shapes.vector),
    "linreg": problem(linreg, shapes.linreg),
    "mlp": problem(mlp, shapes.mlp),
    "gmm": problem(gmm, shapes.gmm),
    "lstm": problem(lstm, shapes.lstm),
    "recurrence": lambda sizes, data: problem(recurrence(sizes[0]), shapes.recurrence)(sizes, data),
}

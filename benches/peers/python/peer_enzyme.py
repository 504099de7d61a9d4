"""Enzyme through JAX: JAX's programs, differentiated by Enzyme's passes over the compiler's IR."""

import peer_jax
from enzyme_ad.jax import enzyme_jax_ir
from peer_jax import floats  # noqa: F401

import jax


def pair(f, moving, still):
    f = enzyme_jax_ir()(f)
    value = jax.jit(f)
    both = jax.jit(jax.value_and_grad(f, argnums=tuple(range(len(moving)))))
    args = (*moving, *still)
    return lambda: value(*args).block_until_ready(), lambda: jax.block_until_ready(both(*args))


peer_jax.pair = pair
PROBLEMS = peer_jax.PROBLEMS

/* Heat in a plate whose edges keep their temperatures, by a stencil of five points, and its gradient: states are kept.
 * sizes = n, m, steps; in = start[n, m], k; the gradient is in start, k. */
#include "peer.h"
#include <stdlib.h>
#include <string.h>

static double *room(size_t count) {
    double *p = malloc(count * sizeof *p);
    if (!p) exit(1);
    return p;
}

static void step(size_t n, size_t m, const double *restrict u, double k, double *restrict next) {
    memcpy(next, u, n * m * sizeof *next);
    for (size_t i = 1; i + 1 < n; i++)
        for (size_t j = 1; j + 1 < m; j++) {
            const double *c = u + i * m + j;
            next[i * m + j] = *c + k * (*(c - m) + c[m] + *(c - 1) + c[1] - 4 * *c);
        }
}

static double squares(size_t count, const double *u) {
    double s = 0;
    for (size_t i = 0; i < count; i++) s += u[i] * u[i];
    return s;
}

double primal(const size_t *sizes, const double *in) {
    size_t n = sizes[0], m = sizes[1], steps = sizes[2], count = n * m;
    double *both = room(2 * count), *u = both, *next = both + count, k = in[count];
    memcpy(u, in, count * sizeof *u);
    for (size_t t = 0; t < steps; t++) {
        step(n, m, u, k, next);
        double *old = u;
        u = next;
        next = old;
    }
    double value = squares(count, u);
    free(both);
    return value;
}

double gradient(const size_t *sizes, const double *in, double *out) {
    size_t n = sizes[0], m = sizes[1], steps = sizes[2], count = n * m;
    double *states = room((steps + 1) * count), *rooms = room(2 * count), *bar = rooms, *to = rooms + count;
    double k = in[count], kbar = 0;
    memcpy(states, in, count * sizeof *states);
    for (size_t t = 0; t < steps; t++) step(n, m, states + t * count, k, states + (t + 1) * count);
    const double *last = states + steps * count;
    for (size_t i = 0; i < count; i++) bar[i] = 2 * last[i];
    for (size_t t = steps; t-- > 0;) {
        const double *u = states + t * count;
        memcpy(to, bar, count * sizeof *to);
        for (size_t i = 1; i + 1 < n; i++)
            for (size_t j = 1; j + 1 < m; j++) {
                size_t at = i * m + j;
                double b = bar[at], kb = k * b;
                kbar += b * (u[at - m] + u[at + m] + u[at - 1] + u[at + 1] - 4 * u[at]);
                to[at - m] += kb;
                to[at + m] += kb;
                to[at - 1] += kb;
                to[at + 1] += kb;
                to[at] -= 4 * kb;
            }
        double *old = bar;
        bar = to;
        to = old;
    }
    memcpy(out, bar, count * sizeof *out);
    out[count] = kbar;
    double value = squares(count, last);
    free(states);
    free(rooms);
    return value;
}

size_t gradient_length(const size_t *sizes) { return sizes[0] * sizes[1] + 1; }

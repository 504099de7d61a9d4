/* The classic Runge-Kutta method on the equations of Lorenz (1996), and its gradient: states are kept, stages computed again.
 * sizes = n, steps; in = start[n], force, h; the gradient is in start, force, h. */
#include "peer.h"
#include <stdlib.h>
#include <string.h>

static double *room(size_t count) {
    double *p = calloc(count, sizeof *p);
    if (!p) exit(1);
    return p;
}

static void slope(size_t n, const double *x, double force, double *k) {
    k[0] = (x[1] - x[n - 2]) * x[n - 1] - x[0] + force;
    k[1] = (x[2] - x[n - 1]) * x[0] - x[1] + force;
    for (size_t i = 2; i + 1 < n; i++) k[i] = (x[i + 1] - x[i - 2]) * x[i - 1] - x[i] + force;
    k[n - 1] = (x[0] - x[n - 3]) * x[n - 2] - x[n - 1] + force;
}

/* xbar += what the slopes' adjoints give; the force's adjoint is returned */
static double pull(size_t n, const double *x, const double *kbar, double *xbar) {
    double force = 0;
    for (size_t i = 0; i < n; i++) {
        size_t next = i + 1 == n ? 0 : i + 1, last = i == 0 ? n - 1 : i - 1, before = last == 0 ? n - 1 : last - 1;
        xbar[next] += kbar[i] * x[last];
        xbar[before] -= kbar[i] * x[last];
        xbar[last] += kbar[i] * (x[next] - x[before]);
        xbar[i] -= kbar[i];
        force += kbar[i];
    }
    return force;
}

/* k[0..4] and the points y[0..4] where they are taken, from x */
static void stages(size_t n, const double *x, double force, double h, double *k, double *y) {
    const double part[4] = {0, 0.5 * h, 0.5 * h, h};
    memcpy(y, x, n * sizeof *y);
    slope(n, y, force, k);
    for (size_t s = 1; s < 4; s++) {
        for (size_t i = 0; i < n; i++) y[s * n + i] = x[i] + part[s] * k[(s - 1) * n + i];
        slope(n, y + s * n, force, k + s * n);
    }
}

static void advance(size_t n, const double *x, double h, const double *k, double *to) {
    for (size_t i = 0; i < n; i++) to[i] = x[i] + h / 6 * (k[i] + 2 * k[n + i] + 2 * k[2 * n + i] + k[3 * n + i]);
}

static double energy(size_t n, const double *x) {
    double s = 0;
    for (size_t i = 0; i < n; i++) s += x[i] * x[i];
    return 0.5 * s;
}

double primal(const size_t *sizes, const double *in) {
    size_t n = sizes[0], steps = sizes[1];
    double force = in[n], h = in[n + 1], *x = room(9 * n), *k = x + n, *y = k + 4 * n;
    memcpy(x, in, n * sizeof *x);
    for (size_t t = 0; t < steps; t++) {
        stages(n, x, force, h, k, y);
        advance(n, x, h, k, x);
    }
    double value = energy(n, x);
    free(x);
    return value;
}

double gradient(const size_t *sizes, const double *in, double *out) {
    size_t n = sizes[0], steps = sizes[1];
    double force = in[n], h = in[n + 1], *states = room((steps + 1) * n);
    double *k = room(14 * n), *y = k + 4 * n, *kbar = y + 4 * n, *ybar = kbar + 4 * n, *xbar = out, fbar = 0, hbar = 0;
    memcpy(states, in, n * sizeof *states);
    for (size_t t = 0; t < steps; t++) {
        stages(n, states + t * n, force, h, k, y);
        advance(n, states + t * n, h, k, states + (t + 1) * n);
    }
    double value = energy(n, states + steps * n);
    memcpy(xbar, states + steps * n, n * sizeof *xbar);
    const double part[4] = {0, 0.5, 0.5, 1}, weight[4] = {1, 2, 2, 1};
    for (size_t t = steps; t-- > 0;) {
        stages(n, states + t * n, force, h, k, y);
        for (size_t s = 0; s < 4; s++)
            for (size_t i = 0; i < n; i++) {
                kbar[s * n + i] = h / 6 * weight[s] * xbar[i];
                hbar += weight[s] / 6 * xbar[i] * k[s * n + i];
            }
        for (size_t s = 4; s-- > 0;) {
            memset(ybar, 0, n * sizeof *ybar);
            fbar += pull(n, y + s * n, kbar + s * n, ybar);
            for (size_t i = 0; i < n; i++) xbar[i] += ybar[i];
            if (s > 0)
                for (size_t i = 0; i < n; i++) {
                    kbar[(s - 1) * n + i] += part[s] * h * ybar[i];
                    hbar += part[s] * ybar[i] * k[(s - 1) * n + i];
                }
        }
    }
    out[n] = fbar;
    out[n + 1] = hbar;
    free(states);
    free(k);
    return value;
}

size_t gradient_length(const size_t *sizes) { return sizes[0] + 2; }

/* Poisson regression: the mean negative log likelihood, up to a constant, and its gradient.
 * sizes = n, d; in = w[d], b, x[n, d], y[n]; the gradient is in w, b. */
#include "peer.h"
#include <math.h>
#include <string.h>

static double linear(size_t d, const double *w, const double *x) {
    double s = 0;
    for (size_t j = 0; j < d; j++) s += w[j] * x[j];
    return s + w[d];
}

double primal(const size_t *sizes, const double *in) {
    size_t n = sizes[0], d = sizes[1];
    const double *x = in + d + 1, *y = x + n * d;
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        double eta = linear(d, in, x + i * d);
        total += exp(eta) - y[i] * eta;
    }
    return total / (double)n;
}

double gradient(const size_t *sizes, const double *in, double *out) {
    size_t n = sizes[0], d = sizes[1];
    const double *x = in + d + 1, *y = x + n * d;
    double total = 0;
    memset(out, 0, (d + 1) * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        double eta = linear(d, in, x + i * d), e = exp(eta), bar = e - y[i];
        total += e - y[i] * eta;
        for (size_t j = 0; j < d; j++) out[j] += bar * x[i * d + j];
        out[d] += bar;
    }
    for (size_t j = 0; j <= d; j++) out[j] /= (double)n;
    return total / (double)n;
}

size_t gradient_length(const size_t *sizes) { return sizes[1] + 1; }

/* log sum exp(x), without overflow, and its gradient.
 * sizes = n; in = x[n]; the gradient is in x. */
#include "peer.h"
#include <math.h>

static double largest(size_t n, const double *x) {
    double most = x[0];
    for (size_t i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
    return most;
}

double primal(const size_t *sizes, const double *in) {
    size_t n = sizes[0];
    double top = largest(n, in), s = 0;
    for (size_t i = 0; i < n; i++) s += exp(in[i] - top);
    return top + log(s);
}

double gradient(const size_t *sizes, const double *in, double *out) {
    size_t n = sizes[0];
    double top = largest(n, in), s = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = exp(in[i] - top);
        s += out[i];
    }
    double scale = 1 / s;
    for (size_t i = 0; i < n; i++) out[i] *= scale;
    return top + log(s);
}

size_t gradient_length(const size_t *sizes) { return sizes[0]; }

/* Least squares of a polynomial by Horner's rule, and its gradient.
 * sizes = m, n; in = c[m], from the highest power down, x[n], y[n]; the gradient is in c. */
#include "peer.h"
#include <string.h>

static double value(size_t m, const double *c, double x) {
    double p = 0;
    for (size_t j = 0; j < m; j++) p = p * x + c[j];
    return p;
}

double primal(const size_t *sizes, const double *in) {
    size_t m = sizes[0], n = sizes[1];
    const double *x = in + m, *y = x + n;
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        double z = value(m, in, x[i]) - y[i];
        total += z * z;
    }
    return total;
}

double gradient(const size_t *sizes, const double *in, double *out) {
    size_t m = sizes[0], n = sizes[1];
    const double *x = in + m, *y = x + n;
    double total = 0;
    memset(out, 0, m * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        double z = value(m, in, x[i]) - y[i], w = 2 * z;
        total += z * z;
        for (size_t j = m; j-- > 0;) {
            out[j] += w;
            w *= x[i];
        }
    }
    return total;
}

size_t gradient_length(const size_t *sizes) { return sizes[0]; }

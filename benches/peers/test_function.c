/* sum(sin(x) + cos(x^2)). */
#include "peer.h"
#include <math.h>

double primal(const size_t *sizes, const double *x) {
    double s = 0;
    for (size_t i = 0; i < sizes[0]; i++) s += sin(x[i]) + cos(x[i] * x[i]);
    return s;
}

double gradient(const size_t *sizes, const double *x, double *out) {
    double s = 0;
    for (size_t i = 0; i < sizes[0]; i++) {
        double square = x[i] * x[i];
        s += sin(x[i]) + cos(square);
        out[i] = cos(x[i]) - 2 * x[i] * sin(square);
    }
    return s;
}

size_t gradient_length(const size_t *sizes) { return sizes[0]; }

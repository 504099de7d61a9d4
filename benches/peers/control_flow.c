/* A branch in a loop. */
#include "peer.h"
#include <math.h>

double primal(const size_t *sizes, const double *x) {
    double s = 0;
    for (size_t i = 0; i < sizes[0]; i++) {
        if (x[i] > 0.5) s += sin(x[i]);
        else s += cos(x[i]);
    }
    return s;
}

double gradient(const size_t *sizes, const double *x, double *out) {
    double s = 0;
    for (size_t i = 0; i < sizes[0]; i++) {
        if (x[i] > 0.5) {
            s += sin(x[i]);
            out[i] = cos(x[i]);
        } else {
            s += cos(x[i]);
            out[i] = -sin(x[i]);
        }
    }
    return s;
}

size_t gradient_length(const size_t *sizes) { return sizes[0]; }

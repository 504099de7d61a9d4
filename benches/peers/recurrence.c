/* x += 0.01 sin(x) p over so many steps, and its gradient by hand from what each step saved.
 * sizes = steps; in = x, p; the gradient is in both. */
#include "peer.h"
#include <math.h>
#include <stdlib.h>

double primal(const size_t *sizes, const double *in) {
    double x = in[0], p = in[1];
    for (size_t t = 0; t < sizes[0]; t++) x += 0.01 * sin(x) * p;
    return x;
}

double gradient(const size_t *sizes, const double *in, double *out) {
    static double *saved = NULL;
    size_t steps = sizes[0];
    if (!saved && !(saved = malloc(steps * sizeof *saved))) exit(1);
    double x = in[0], p = in[1], x_bar = 1, p_bar = 0;
    for (size_t t = 0; t < steps; t++) {
        saved[t] = x;
        x += 0.01 * sin(x) * p;
    }
    for (size_t t = steps; t-- > 0;) {
        p_bar += x_bar * 0.01 * sin(saved[t]);
        x_bar += x_bar * 0.01 * cos(saved[t]) * p;
    }
    out[0] = x_bar;
    out[1] = p_bar;
    return x;
}

size_t gradient_length(const size_t *sizes) {
    (void)sizes;
    return 2;
}

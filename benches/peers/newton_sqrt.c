/* Newton's square root. The derivative follows the iteration: forward, since there is one input. */
#include "peer.h"
#include <math.h>

double primal(const size_t *sizes, const double *in) {
    (void)sizes;
    double a = in[0], r = a;
    while (fabs(r * r - a) > 1e-12) r = 0.5 * (r + a / r);
    return r;
}

double gradient(const size_t *sizes, const double *in, double *out) {
    (void)sizes;
    double a = in[0], r = a, dr = 1;
    while (fabs(r * r - a) > 1e-12) {
        dr = 0.5 * (dr + (1 - a / r * dr) / r);
        r = 0.5 * (r + a / r);
    }
    out[0] = dr;
    return r;
}

size_t gradient_length(const size_t *sizes) {
    (void)sizes;
    return 1;
}

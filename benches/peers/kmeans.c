/* Each point's squared distance to the nearest centre, summed, and its gradient.
 * sizes = n, d, k; in = centres[k, d], points[n, d]; the gradient is in the centres. */
#include "peer.h"
#include <string.h>

static size_t nearest(size_t d, size_t k, const double *centres, const double *point, double *least) {
    size_t best = 0;
    for (size_t c = 0; c < k; c++) {
        double s = 0;
        for (size_t j = 0; j < d; j++) {
            double z = point[j] - centres[c * d + j];
            s += z * z;
        }
        if (c == 0 || s < *least) {
            *least = s;
            best = c;
        }
    }
    return best;
}

double primal(const size_t *sizes, const double *in) {
    size_t n = sizes[0], d = sizes[1], k = sizes[2];
    const double *points = in + k * d;
    double total = 0, least = 0;
    for (size_t i = 0; i < n; i++) {
        nearest(d, k, in, points + i * d, &least);
        total += least;
    }
    return total;
}

double gradient(const size_t *sizes, const double *in, double *out) {
    size_t n = sizes[0], d = sizes[1], k = sizes[2];
    const double *points = in + k * d;
    double total = 0, least = 0;
    memset(out, 0, k * d * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        size_t c = nearest(d, k, in, points + i * d, &least);
        total += least;
        for (size_t j = 0; j < d; j++) out[c * d + j] -= 2 * (points[i * d + j] - in[c * d + j]);
    }
    return total;
}

size_t gradient_length(const size_t *sizes) { return sizes[1] * sizes[2]; }

/* The diagonal of the Hessian of k-means, 2 for each point of a centre and coordinate, added up: by counting the points of each centre.
 * sizes = n, d, k; in = centres[k, d], points[n, d]. There is no gradient: it is 0. */
#include "no_gradient.h"
#include <stdlib.h>

double primal(const size_t *sizes, const double *in) {
    size_t n = sizes[0], d = sizes[1], k = sizes[2];
    const double *points = in + k * d;
    double *diagonal = calloc(k * d, sizeof *diagonal), total = 0;
    if (!diagonal) exit(1);
    for (size_t i = 0; i < n; i++) {
        size_t best = 0;
        double least = 0;
        for (size_t c = 0; c < k; c++) {
            double s = 0;
            for (size_t j = 0; j < d; j++) {
                double z = points[i * d + j] - in[c * d + j];
                s += z * z;
            }
            if (c == 0 || s < least) {
                least = s;
                best = c;
            }
        }
        for (size_t j = 0; j < d; j++) diagonal[best * d + j] += 2;
    }
    for (size_t c = 0; c < k * d; c++) total += diagonal[c];
    free(diagonal);
    return total;
}

/* Bundle adjustment: errors of projection, weighted, and of the weights, as a sum of squares.
 * sizes = n, m, p; in = cameras[n, 11], points[m, 3], weights[p], features[p, 2]. Observation i is of camera i mod n, point i mod m.
 * A camera is rotation (3), centre (3), focal length, principal point (2), radial distortion (2). There is no gradient by hand. */
#include "no_gradient.h"
#include <math.h>

static void rotate(const double *r, const double *x, double *out) {
    double squared = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
    if (squared > 0) {
        double angle = sqrt(squared), s = sin(angle), c = cos(angle), scale = 1 / angle;
        double a[3] = {r[0] * scale, r[1] * scale, r[2] * scale};
        double cross[3] = {a[1] * x[2] - a[2] * x[1], a[2] * x[0] - a[0] * x[2], a[0] * x[1] - a[1] * x[0]};
        double along = (a[0] * x[0] + a[1] * x[1] + a[2] * x[2]) * (1 - c);
        for (int j = 0; j < 3; j++) out[j] = x[j] * c + cross[j] * s + a[j] * along;
    } else {
        out[0] = x[0] + r[1] * x[2] - r[2] * x[1];
        out[1] = x[1] + r[2] * x[0] - r[0] * x[2];
        out[2] = x[2] + r[0] * x[1] - r[1] * x[0];
    }
}

static void error(const double *camera, const double *point, double weight, const double *feature, double *out) {
    double from[3] = {point[0] - camera[3], point[1] - camera[4], point[2] - camera[5]}, seen[3];
    rotate(camera, from, seen);
    double x = seen[0] / seen[2], y = seen[1] / seen[2], rho = x * x + y * y;
    double radial = 1 + camera[9] * rho + camera[10] * rho * rho;
    out[0] = weight * (x * radial * camera[6] + camera[7] - feature[0]);
    out[1] = weight * (y * radial * camera[6] + camera[8] - feature[1]);
}

double primal(const size_t *sizes, const double *in) {
    size_t n = sizes[0], m = sizes[1], p = sizes[2];
    const double *cameras = in, *points = cameras + 11 * n, *weights = points + 3 * m, *features = weights + p;
    double total = 0, e[2];
    for (size_t i = 0; i < p; i++) {
        error(cameras + i % n * 11, points + i % m * 3, weights[i], features + 2 * i, e);
        double of_weight = 1 - weights[i] * weights[i];
        total += e[0] * e[0] + e[1] * e[1] + of_weight * of_weight;
    }
    return total;
}

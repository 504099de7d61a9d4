/* Negative log posterior of a linear regression, log(sigma) and 1/sigma taken out of the loop by hand.
 * in = alpha, beta, sigma, x[n], y[n]; the gradient is in alpha, beta, sigma. */
#include "peer.h"
#include <math.h>

static const double HALF_LOG_TAU = 0.91893853320467274178;

static double prior(double alpha, double beta, double sigma) {
    return alpha * alpha / 18 + beta * beta / 18 + 2 * (log(3) + HALF_LOG_TAU) + log(3) + sigma / 3;
}

double primal(const size_t *sizes, const double *in) {
    size_t n = sizes[0];
    double alpha = in[0], beta = in[1], sigma = in[2], scale = 1 / sigma, s = 0;
    const double *x = in + 3, *y = x + n;
    for (size_t i = 0; i < n; i++) {
        double z = (y[i] - (alpha + beta * x[i])) * scale;
        s += z * z;
    }
    return 0.5 * s + (double)n * (log(sigma) + HALF_LOG_TAU) + prior(alpha, beta, sigma);
}

double gradient(const size_t *sizes, const double *in, double *out) {
    size_t n = sizes[0];
    double alpha = in[0], beta = in[1], sigma = in[2], scale = 1 / sigma;
    double s = 0, sz = 0, szx = 0;
    const double *x = in + 3, *y = x + n;
    for (size_t i = 0; i < n; i++) {
        double z = (y[i] - (alpha + beta * x[i])) * scale;
        s += z * z;
        sz += z;
        szx += z * x[i];
    }
    out[0] = -sz * scale + alpha / 9;
    out[1] = -szx * scale + beta / 9;
    out[2] = ((double)n - s) * scale + 1.0 / 3;
    return 0.5 * s + (double)n * (log(sigma) + HALF_LOG_TAU) + prior(alpha, beta, sigma);
}

size_t gradient_length(const size_t *sizes) {
    (void)sizes;
    return 3;
}

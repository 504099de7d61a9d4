/* The same as linreg.c, written as the Adit program is: the density is a function, called for every point.
 * Its gradient by hand follows the same loop. */
#include "peer.h"
#include <math.h>

static const double HALF_LOG_TAU = 0.91893853320467274178;

static double normal_logpdf(double y, double mean, double scale) {
    double z = (y - mean) / scale;
    return -0.5 * z * z - log(scale) - HALF_LOG_TAU;
}

static double exponential_logpdf(double y, double mean) { return -log(mean) - y / mean; }

double primal(const size_t *sizes, const double *in) {
    size_t n = sizes[0];
    double alpha = in[0], beta = in[1], sigma = in[2], nll = 0;
    const double *x = in + 3, *y = x + n;
    for (size_t i = 0; i < n; i++) nll -= normal_logpdf(y[i], alpha + beta * x[i], sigma);
    return nll - normal_logpdf(alpha, 0, 3) - normal_logpdf(beta, 0, 3) - exponential_logpdf(sigma, 3);
}

double gradient(const size_t *sizes, const double *in, double *out) {
    size_t n = sizes[0];
    double alpha = in[0], beta = in[1], sigma = in[2], nll = 0, da = 0, db = 0, ds = 0;
    const double *x = in + 3, *y = x + n;
    for (size_t i = 0; i < n; i++) {
        double z = (y[i] - (alpha + beta * x[i])) / sigma;
        nll -= -0.5 * z * z - log(sigma) - HALF_LOG_TAU;
        da -= z / sigma;
        db -= z / sigma * x[i];
        ds += (1 - z * z) / sigma;
    }
    out[0] = da + alpha / 9;
    out[1] = db + beta / 9;
    out[2] = ds + 1.0 / 3;
    return nll - normal_logpdf(alpha, 0, 3) - normal_logpdf(beta, 0, 3) - exponential_logpdf(sigma, 3);
}

size_t gradient_length(const size_t *sizes) {
    (void)sizes;
    return 3;
}

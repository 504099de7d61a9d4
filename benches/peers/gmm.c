/* Gaussian mixture with a Wishart prior (gamma = 1, m = 0): log likelihood, and its gradient by hand.
 * sizes = n, d, k; in = alpha[k], mu[k, d], q[k, d], l[k, d(d-1)/2], x[n, d], gamma; the gradient is in alpha, mu, q, l. */
#include "peer.h"
#include <math.h>
#include <string.h>

enum { WIDEST = 64, MOST = 128 };

typedef struct {
    size_t n, d, k, t;
    const double *alpha, *mu, *q, *l, *x;
    double gamma;
} Mixture;

static Mixture mixture(const size_t *sizes, const double *in) {
    Mixture m = {.n = sizes[0], .d = sizes[1], .k = sizes[2], .t = sizes[1] * (sizes[1] - 1) / 2};
    m.alpha = in;
    m.mu = m.alpha + m.k;
    m.q = m.mu + m.k * m.d;
    m.l = m.q + m.k * m.d;
    m.x = m.l + m.k * m.t;
    m.gamma = m.x[m.n * m.d];
    return m;
}

static double logsumexp(const double *a, size_t k) {
    double most = a[0], s = 0;
    for (size_t i = 1; i < k; i++) most = fmax(most, a[i]);
    for (size_t i = 0; i < k; i++) s += exp(a[i] - most);
    return most + log(s);
}

/* z = Q (x - mu) of one component, whose diagonal is exp(q) */
static double distance(const Mixture *m, size_t c, const double *diagonal, const double *x, double *centred, double *z) {
    size_t d = m->d;
    const double *mu = m->mu + c * d, *l = m->l + c * m->t;
    double s = 0;
    for (size_t j = 0; j < d; j++) centred[j] = x[j] - mu[j];
    for (size_t j = 0; j < d; j++) z[j] = diagonal[c * d + j] * centred[j];
    for (size_t i = 0; i < d; i++)
        for (size_t j = i + 1; j < d; j++) z[j] += *l++ * centred[i];
    for (size_t j = 0; j < d; j++) s += z[j] * z[j];
    return s;
}

/* what does not depend on the points; fills exp(q) and the weights of components */
static double start(const Mixture *m, double *diagonal, double *weight) {
    const double pi = 3.14159265358979323846;
    double n = (double)m->n, d = (double)m->d, nu = d + 1, squares = 0, log_gamma = 0.25 * d * (d - 1) * log(pi);
    for (size_t c = 0; c < m->k; c++) {
        weight[c] = m->alpha[c];
        for (size_t j = 0; j < m->d; j++) {
            double e = exp(m->q[c * m->d + j]);
            diagonal[c * m->d + j] = e;
            weight[c] += m->q[c * m->d + j];
            squares += e * e;
        }
    }
    for (size_t i = 0; i < m->k * m->t; i++) squares += m->l[i] * m->l[i];
    for (size_t j = 1; j <= m->d; j++) log_gamma += lgamma(0.5 * nu + 0.5 * (1 - (double)j));
    double constant = nu * d * (log(m->gamma) - 0.5 * log(2)) - log_gamma;
    return -0.5 * n * d * log(2 * pi) - n * logsumexp(m->alpha, m->k) + (double)m->k * constant -
           0.5 * m->gamma * m->gamma * squares;
}

double primal(const size_t *sizes, const double *in) {
    Mixture m = mixture(sizes, in);
    double diagonal[MOST * WIDEST], weight[MOST], inner[MOST], centred[WIDEST], z[WIDEST];
    double total = start(&m, diagonal, weight);
    for (size_t i = 0; i < m.n; i++) {
        for (size_t c = 0; c < m.k; c++)
            inner[c] = weight[c] - 0.5 * distance(&m, c, diagonal, m.x + i * m.d, centred, z);
        total += logsumexp(inner, m.k);
    }
    return total;
}

double gradient(const size_t *sizes, const double *in, double *out) {
    Mixture m = mixture(sizes, in);
    size_t d = m.d, k = m.k;
    static double centred[MOST * WIDEST], z[MOST * WIDEST];
    double diagonal[MOST * WIDEST], weight[MOST], inner[MOST], total = start(&m, diagonal, weight);
    double lse = logsumexp(m.alpha, k), square = m.gamma * m.gamma;
    double *alpha = out, *mu = alpha + k, *q = mu + k * d, *l = q + k * d;
    for (size_t c = 0; c < k; c++) alpha[c] = -(double)m.n * exp(m.alpha[c] - lse);
    memset(mu, 0, k * d * sizeof *mu);
    for (size_t j = 0; j < k * d; j++) q[j] = -square * diagonal[j] * diagonal[j];
    for (size_t j = 0; j < k * m.t; j++) l[j] = -square * m.l[j];
    for (size_t i = 0; i < m.n; i++) {
        for (size_t c = 0; c < k; c++)
            inner[c] = weight[c] - 0.5 * distance(&m, c, diagonal, m.x + i * d, centred + c * d, z + c * d);
        double here = logsumexp(inner, k);
        total += here;
        for (size_t c = 0; c < k; c++) {
            double share = exp(inner[c] - here), *zc = z + c * d, *xc = centred + c * d, *lc = l + c * m.t;
            const double *low = m.l + c * m.t;
            alpha[c] += share;
            for (size_t a = 0; a < d; a++) {
                double back = zc[a] * diagonal[c * d + a];
                q[c * d + a] += share * (1 - back * xc[a]);
                for (size_t b = a + 1; b < d; b++) {
                    *lc++ -= share * zc[b] * xc[a];
                    back += *low++ * zc[b];
                }
                mu[c * d + a] += share * back;
            }
        }
    }
    return total;
}

size_t gradient_length(const size_t *sizes) {
    size_t d = sizes[1], k = sizes[2];
    return k + 2 * k * d + k * d * (d - 1) / 2;
}

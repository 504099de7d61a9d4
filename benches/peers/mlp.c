/* Two hidden tanh layers, mean squared error, batch after batch row by row; the gradient is in all weights and biases.
 * sizes = d, h, k, n; in = w1[h, d], b1[h], w2[k, h], b2[k], w3[k], b3, x[n, d], y[n]. */
#include "peer.h"
#include <math.h>
#include <string.h>

enum { WIDEST = 256 };

/* out = tanh(w · in + b) */
static void layer(const double *w, const double *b, const double *in, double *out, size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++) {
        double s = 0;
        for (size_t j = 0; j < columns; j++) s += w[i * columns + j] * in[j];
        out[i] = tanh(s + b[i]);
    }
}

static double output(const double *w, double b, const double *in, size_t k) {
    double s = 0;
    for (size_t i = 0; i < k; i++) s += w[i] * in[i];
    return s + b;
}

/* bars of the layer's sums; adds to w_bar and b_bar, overwrites in_bar */
static void layer_back(const double *w, const double *in, const double *out, double *out_bar, double *w_bar,
                       double *b_bar, double *in_bar, size_t rows, size_t columns) {
    if (in_bar) memset(in_bar, 0, columns * sizeof *in_bar);
    for (size_t i = 0; i < rows; i++) {
        double bar = out_bar[i] * (1 - out[i] * out[i]);
        b_bar[i] += bar;
        for (size_t j = 0; j < columns; j++) {
            w_bar[i * columns + j] += bar * in[j];
            if (in_bar) in_bar[j] += bar * w[i * columns + j];
        }
    }
}

double primal(const size_t *sizes, const double *in) {
    size_t d = sizes[0], h = sizes[1], k = sizes[2], n = sizes[3];
    const double *w1 = in, *b1 = w1 + h * d, *w2 = b1 + h, *b2 = w2 + k * h, *w3 = b2 + k, *b3 = w3 + k;
    const double *x = b3 + 1, *y = x + n * d;
    double a[WIDEST], b[WIDEST], s = 0;
    for (size_t i = 0; i < n; i++) {
        layer(w1, b1, x + i * d, a, h, d);
        layer(w2, b2, a, b, k, h);
        double error = output(w3, *b3, b, k) - y[i];
        s += error * error;
    }
    return s / (double)n;
}

double gradient(const size_t *sizes, const double *in, double *out) {
    size_t d = sizes[0], h = sizes[1], k = sizes[2], n = sizes[3];
    const double *w1 = in, *b1 = w1 + h * d, *w2 = b1 + h, *b2 = w2 + k * h, *w3 = b2 + k, *b3 = w3 + k;
    const double *x = b3 + 1, *y = x + n * d;
    double *dw1 = out, *db1 = dw1 + h * d, *dw2 = db1 + h, *db2 = dw2 + k * h, *dw3 = db2 + k, *db3 = dw3 + k;
    double a[WIDEST], b[WIDEST], a_bar[WIDEST], b_bar[WIDEST], s = 0;
    memset(out, 0, gradient_length(sizes) * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        layer(w1, b1, x + i * d, a, h, d);
        layer(w2, b2, a, b, k, h);
        double error = output(w3, *b3, b, k) - y[i], bar = 2 * error / (double)n;
        s += error * error;
        for (size_t j = 0; j < k; j++) {
            dw3[j] += bar * b[j];
            b_bar[j] = bar * w3[j];
        }
        *db3 += bar;
        layer_back(w2, a, b, b_bar, dw2, db2, a_bar, k, h);
        layer_back(w1, x + i * d, a, a_bar, dw1, db1, NULL, h, d);
    }
    return s / (double)n;
}

size_t gradient_length(const size_t *sizes) {
    size_t d = sizes[0], h = sizes[1], k = sizes[2];
    return h * d + h + k * h + k + k + 1;
}

/* Long short-term memory over characters: the mean negative log likelihood. There is no gradient by hand.
 * sizes = l, b, c; in = main[2l, 4b], extra[3, b], state[2l, b], text[c, b]. */
#include "no_gradient.h"
#include <math.h>
#include <string.h>

enum { WIDEST = 64, LAYERS = 8 };

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static void layer(const double *w, size_t b, double *hidden, double *cell, double *input) {
    const double *bias = w + 4 * b;
    for (size_t j = 0; j < b; j++) {
        double forget = sigmoid(input[j] * w[j] + bias[j]);
        double ingate = sigmoid(hidden[j] * w[b + j] + bias[b + j]);
        double outgate = sigmoid(input[j] * w[2 * b + j] + bias[2 * b + j]);
        double change = tanh(hidden[j] * w[3 * b + j] + bias[3 * b + j]);
        cell[j] = cell[j] * forget + ingate * change;
        hidden[j] = outgate * tanh(cell[j]);
        input[j] = hidden[j];
    }
}

double primal(const size_t *sizes, const double *in) {
    size_t layers = sizes[0], b = sizes[1], c = sizes[2];
    const double *main = in, *extra = main + 2 * layers * 4 * b, *state = extra + 3 * b;
    const double *text = state + 2 * layers * b;
    double s[2 * LAYERS * WIDEST], input[WIDEST], y[WIDEST], total = 0;
    memcpy(s, state, 2 * layers * b * sizeof *s);
    for (size_t t = 0; t + 1 < c; t++) {
        for (size_t j = 0; j < b; j++) input[j] = text[t * b + j] * extra[j];
        for (size_t i = 0; i < layers; i++) layer(main + 8 * i * b, b, s + 2 * i * b, s + (2 * i + 1) * b, input);
        double sum = 2;
        for (size_t j = 0; j < b; j++) {
            y[j] = input[j] * extra[b + j] + extra[2 * b + j];
            sum += exp(y[j]);
        }
        double lse = log(sum);
        for (size_t j = 0; j < b; j++) total += text[(t + 1) * b + j] * (y[j] - lse);
    }
    return -total / ((double)(c - 1) * (double)b);
}

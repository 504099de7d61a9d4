/* What a peer without a gradient by hand defines in its place: the value alone, of length 0. */
#ifndef ADIT_NO_GRADIENT_H
#define ADIT_NO_GRADIENT_H

#include "peer.h"

double gradient(const size_t *sizes, const double *in, double *out) {
    (void)out;
    return primal(sizes, in);
}

size_t gradient_length(const size_t *sizes) {
    (void)sizes;
    return 0;
}

#endif

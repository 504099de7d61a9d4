/* What a peer defines: one problem as a C programmer would write it, and its gradient by hand.
 *
 * `sizes` are the extents of the arrays, `in` all floats of the arguments in the order of the Adit
 * function's parameters. Both functions return the value; `gradient` overwrites `out`, whose length
 * `gradient_length` tells. They live in a file of their own, so that the caller cannot be merged with them. */
#ifndef ADIT_PEER_H
#define ADIT_PEER_H

#include <stddef.h>

double primal(const size_t *sizes, const double *in);
double gradient(const size_t *sizes, const double *in, double *out);
size_t gradient_length(const size_t *sizes);

#endif

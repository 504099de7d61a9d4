/* The outside of a peer: reads the arguments, then answers requests, timing itself.
 *
 *   in:  K size1 … sizeK  M float1 … floatM        out: ready
 *   in:  d                                          out: VALUE LENGTH gradient1 … gradientLENGTH
 *   in:  p CALLS                                    out: NANOSECONDS VALUE
 *   in:  g CALLS                                    out: NANOSECONDS VALUE
 *
 * A peer without a gradient has one of length 0.
 */
#define _POSIX_C_SOURCE 199309L
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static void *room(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size);
    if (!p) exit(1);
    return p;
}

int main(void) {
    size_t count, length;
    if (scanf("%zu", &count) != 1) return 1;
    size_t *sizes = room(count, sizeof *sizes);
    for (size_t i = 0; i < count; i++)
        if (scanf("%zu", &sizes[i]) != 1) return 1;
    if (scanf("%zu", &length) != 1) return 1;
    double *in = room(length, sizeof *in);
    for (size_t i = 0; i < length; i++)
        if (scanf("%lf", &in[i]) != 1) return 1;
    size_t outputs = gradient_length(sizes);
    double *out = room(outputs, sizeof *out);
    printf("ready\n");
    fflush(stdout);

    char what;
    unsigned long calls;
    while (scanf(" %c", &what) == 1) {
        if (what == 'd') {
            printf("%.17g %zu", outputs ? gradient(sizes, in, out) : primal(sizes, in), outputs);
            for (size_t i = 0; i < outputs; i++) printf(" %.17g", out[i]);
            printf("\n");
        } else {
            if (scanf("%lu", &calls) != 1) return 1;
            double value = 0, start = now();
            if (what == 'p')
                for (unsigned long i = 0; i < calls; i++) value = primal(sizes, in);
            else
                for (unsigned long i = 0; i < calls; i++) value = gradient(sizes, in, out);
            printf("%.17g %.17g\n", (now() - start) / (double)calls, value);
        }
        fflush(stdout);
    }
    return 0;
}

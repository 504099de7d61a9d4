/* Made by Adit VERSION. Link with libadit_native of the same version. */
#ifndef ADIT_F_JVP_H
#define ADIT_F_JVP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The jvp by `p`, `x` of f.
 *
 * Arrays are row major. They are the caller's, are not kept, and hold as many numbers as their comments say. What is
 * overwritten may hold anything before, and overlaps nothing else; single numbers that are overwritten may be NULL.
 * Any thread may call; each has a workspace of its own. What the program prints is dropped.
 *
 * Returns 0, or why there is nothing: 801 for AD0801 and so on, see `adit explain`. Then what was overwritten means
 * nothing.
 */
int32_t f_jvp(
    int64_t n,               /* the dimension `n` */
    int64_t k,               /* the dimension `k` */
    double p_a,              /* `p.a` */
    const double *p_w,       /* `p.w` [2] */
    const double *x,         /* `x` [n, k] */
    double *t,               /* `t`, which is changed */
    int64_t m,               /* `m` */
    const double *z,         /* `z` [m + 1] */
    bool on,                 /* `on` */
    double along_p_a,        /* the direction of `p.a` */
    const double *along_p_w, /* the direction of `p.w` [2] */
    const double *along_x,   /* the direction of `x` [n, k] */
    double *value_0,         /* the value: `result.0`; overwritten */
    double *value_1,         /* the value: `result.1` [n]; overwritten */
    double *tangent_0,       /* the tangent of `result.0`; overwritten */
    double *tangent_1        /* the tangent of `result.1` [n]; overwritten */
);

/* Why the last call of this thread that failed did, in words; good until the next fails. */
const char *f_jvp_message(void);

#ifdef __cplusplus
}
#endif

#endif

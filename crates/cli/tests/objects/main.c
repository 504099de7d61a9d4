/* Calls every function of the test, and prints statuses and the bits of numbers. */
#include "linreg_gradient.h"
#include "map_jacobian.h"
#include "map_jvp.h"
#include "map_value.h"
#include "map_vjp.h"
#include "pick_gradient.h"
#include "plane_hessian.h"
#include "plane_hvp.h"
#include "plane_jacobian.h"
#include "single_gradient.h"
#include "solved_gradient.h"
#include "step_value.h"
#include "trips_gradient.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void show(const char *name, int32_t status, int count, const double *x) {
    printf("%s %" PRId32, name, status);
    for (int i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, x + i, sizeof bits);
        printf(" %016" PRIx64, bits);
    }
    printf("\n");
}

static const double x[3] = {1.0, 2.0, 3.5}, y[3] = {3.0, 4.5, 8.0};

static int32_t linreg(double *o) {
    return linreg_gradient(3, 0.5, 2.0, 0.75, x, y, o, o + 1, o + 2, o + 3, o + 4, o + 7);
}

static void *many(void *wanted) {
    for (int i = 0; i < 1000; i++) {
        double o[10];
        if (linreg(o) != 0 || memcmp(o, wanted, sizeof o) != 0) {
            return wanted;
        }
    }
    return NULL;
}

int main(void) {
    double o[64], first[10];
    show("linreg_gradient", linreg(first), 10, first);

    const double a[2] = {0.25, 0.5};
    int32_t status = trips_gradient(2, 0.5, a, o, o + 1, o + 2);
    show("trips_gradient", status, 4, o);

    const double m[4] = {4.0, 1.0, 2.0, 3.0}, b[2] = {1.0, -0.5};
    status = solved_gradient(2, m, b, o, o + 1);
    show("solved_gradient", status, 3, o);

    const double along[3] = {1.0, -1.0, 0.25}, seed[3] = {1.0, 10.0, 100.0};
    show("map_value", map_value(3, x, 0.5, o), 3, o);
    show("map_jvp", map_jvp(3, x, 0.5, along, 2.0, o, o + 3), 6, o);
    show("map_vjp", map_vjp(3, x, 0.5, seed, o, o + 3, o + 6), 7, o);
    show("map_jacobian", map_jacobian(3, x, 0.5, o, o + 3), 15, o);
    status = plane_hvp(3, x, 0.5, along, 2.0, o, o + 1, o + 4, o + 5, o + 8);
    show("plane_hvp", status, 9, o);
    status = plane_hessian(3, x, 0.5, o, o + 1, o + 4, o + 5);
    show("plane_hessian", status, 21, o);
    show("plane_jacobian", plane_jacobian(3, x, 0.5, o, o + 1), 5, o);

    const double v[4] = {1.0, 2.0, 3.0, 4.0};
    memcpy(o + 1, x, sizeof x);
    o[4] = 5.0;
    show("step_value", step_value(3, o + 1, o + 4, v, true, o), 5, o);

    const float s[2] = {1.5f, 2.0f};
    float t[4];
    status = single_gradient(2, s, 0.5f, t, t + 1, t + 3);
    for (int i = 0; i < 4; i++) {
        o[i] = t[i];
    }
    show("single_gradient", status, 4, o);

    pthread_t threads[4];
    void *wrong = NULL;
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, many, first);
    }
    for (int i = 0; i < 4; i++) {
        void *found;
        pthread_join(threads[i], &found);
        wrong = found ? found : wrong;
    }
    printf("threads %d\n", wrong != NULL);

    printf("trap %" PRId32 "\n", pick_gradient(3, x, 7, o, o + 1));
    printf("null %" PRId32 "\n", pick_gradient(3, NULL, 1, o, o + 1));
    printf("overlap %" PRId32 "\n", map_value(3, o, 0.5, o + 1));
    printf("negative %" PRId32 "\n", map_value(-1, x, 0.5, o));
    pick_gradient(3, x, 7, o, o + 1);
    printf("%s\n", pick_gradient_message());
    return 0;
}

/* Loads a shared library while it runs, calls its function from here and from threads, and prints statuses and bits. */
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef int32_t (*gradient_fn)(int64_t, const double *, double, int64_t, double *, double *, double *);
typedef const char *(*message_fn)(void);

static gradient_fn gradient;
static const double x[3] = {0.25, 0.5, 1.5};

/* The value, the derivatives by x and by k. */
static int32_t at(int64_t i, double *o) {
    return gradient(3, x, 0.75, i, o, o + 1, o + 4);
}

static void *many(void *wanted) {
    for (int i = 0; i < 1000; i++) {
        double o[5];
        if (at(2, o) != 0 || memcmp(o, wanted, sizeof o) != 0) {
            return wanted;
        }
    }
    return NULL;
}

/* A function of the library; what POSIX says of casting it. */
static void find(void *library, const char *name, void *place) {
    void *found = dlsym(library, name);
    memcpy(place, &found, sizeof found);
}

int main(int count, char **args) {
    void *library = count == 2 ? dlopen(args[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) {
        printf("%s\n", count == 2 ? dlerror() : "which library?");
        return 1;
    }
    message_fn message;
    find(library, "f_gradient", &gradient);
    find(library, "f_gradient_message", &message);
    if (gradient == NULL || message == NULL) {
        printf("%s\n", dlerror());
        return 1;
    }

    double o[5], wrong[5];
    printf("gradient %" PRId32, at(2, o));
    for (int i = 0; i < 5; i++) {
        uint64_t bits;
        memcpy(&bits, o + i, sizeof bits);
        printf(" %016" PRIx64, bits);
    }
    printf("\n");

    pthread_t threads[8];
    int failed = 0;
    for (int i = 0; i < 8; i++) {
        pthread_create(&threads[i], NULL, many, o);
    }
    for (int i = 0; i < 8; i++) {
        void *outcome;
        pthread_join(threads[i], &outcome);
        failed += outcome != NULL;
    }
    printf("threads %d\n", failed);
    printf("trap %" PRId32 " ", at(3, wrong));
    printf("%s\n", message());
    printf("inside %s\n", dlsym(library, "adit_native_call") == NULL ? "hidden" : "seen");
    return 0;
}

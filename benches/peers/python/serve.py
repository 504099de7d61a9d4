"""The outside of a peer in Python: reads the arguments, then answers requests, timing itself, as peer.c does.

    python serve.py LIBRARY PROBLEM
    in:  K size1 ... sizeK  M float1 ... floatM        out: ready
    in:  d                                             out: VALUE LENGTH gradient1 ... gradientLENGTH
    in:  p CALLS                                       out: NANOSECONDS VALUE
    in:  g CALLS                                       out: NANOSECONDS VALUE

LIBRARY.py beside this file has a table PROBLEMS: by name, a function that takes sizes and floats and gives two
functions without arguments. The first gives the value, the second the value and the gradient; both return when
all is computed. The second element of what the second gives goes through LIBRARY.floats, outside the clock.
"""

import importlib
import os
import sys
import time

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"


def arguments(line):
    words = line.split()
    count = int(words[0])
    sizes = [int(word) for word in words[1 : count + 1]]
    return sizes, [float(word) for word in words[count + 2 :]]


def timed(call, calls):
    start = time.perf_counter_ns()
    for _ in range(calls):
        out = call()
    return (time.perf_counter_ns() - start) / calls, out


def say(*words):
    print(*words, flush=True)


def main():
    library = importlib.import_module("peer_" + sys.argv[1])
    value, gradient = library.PROBLEMS[sys.argv[2]](*arguments(sys.stdin.readline()))
    say("ready")
    for line in sys.stdin:
        what, *calls = line.split()
        if what == "d":
            v, slopes = gradient()
            slopes = library.floats(slopes)
            say(repr(float(v)), len(slopes), *(repr(float(s)) for s in slopes))
        elif what == "p":
            ns, v = timed(value, int(calls[0]))
            say(ns, repr(float(v)))
        else:
            ns, (v, _) = timed(gradient, int(calls[0]))
            say(ns, repr(float(v)))


main()

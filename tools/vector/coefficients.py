"""Makes crates/runtime/src/vector/coefficients.rs: polynomials of best approximation (Remez's exchange, 60 digits) and split constants.

    python3 tools/vector/coefficients.py > crates/runtime/src/vector/coefficients.rs

Needs mpmath, to make the file only. The error that each comment states is that of the polynomial before its coefficients are rounded.
"""

from mpmath import asin, atan, cos, erf, erfc, erfinv, exp, lu_solve, log, matrix, mp, mpf, nstr, pi, sin, sqrt

mp.dps = 60


def polynomial(f, low, high, degree):
    """Coefficients, constant term first, of the polynomial with the least largest error on [low, high], and that error."""
    low, high = mpf(low), mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    count = degree + 2
    grid = [middle - half * cos(pi * i / (24 * count)) for i in range(24 * count + 1)]
    values = [f(x) for x in grid]
    chosen = [24 * i * count // (count - 1) for i in range(count)]
    scaled = [(x - middle) / half for x in grid]
    for _ in range(8):
        rows = [[scaled[i] ** k for k in range(degree + 1)] + [mpf((-1) ** j)] for j, i in enumerate(chosen)]
        solution = lu_solve(matrix(rows), matrix([values[i] for i in chosen]))
        inner = [solution[k] for k in range(degree + 1)]
        errors = [values[i] - horner(inner, t) for i, t in enumerate(scaled)]
        runs, last = [], None
        for i, e in enumerate(errors):
            if last is None or (e > 0) != (errors[last] > 0):
                runs.append(i)
            elif abs(e) > abs(errors[last]):
                runs[-1] = i
            last = runs[-1]
        while len(runs) > count:
            runs.pop(0 if abs(errors[runs[0]]) < abs(errors[runs[-1]]) else -1)
        if len(runs) < count or runs == chosen:
            break
        chosen = runs
    worst = max(abs(e) for e in errors)
    return unscale(inner, middle, half), worst


def horner(coefficients, x):
    total = mpf(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def unscale(inner, middle, half):
    """The coefficients in x of a polynomial in (x - middle) / half."""
    out = [mpf(0)]
    for c in reversed(inner):
        shifted = [mpf(0)] + [v / half for v in out]
        for i, v in enumerate(out):
            shifted[i] -= v * middle / half
        shifted[0] += c
        out = shifted
    return out[: len(inner)]


def near_zero(f, expansion):
    """f where it is well defined, its limit where the formula cancels."""
    return lambda z: f(z) if abs(z) > mpf(10) ** -20 else mpf(expansion)


def literal(x):
    text = repr(float(x))
    return text if any(c in text for c in ".en") else text + ".0"


def emit(name, about, f, low, high, degree):
    coefficients, worst = polynomial(f, low, high, degree)
    print(f"/// {about}; degree {degree}, error {nstr(worst, 2)}.")
    print(f"pub const {name}: [f64; {degree + 1}] = [")
    for c in coefficients:
        print(f"    {literal(c)},")
    print("];\n")


def truncated(x, bits):
    """x cut to its leading bits."""
    shift = bits - 1 - int(mp.floor(log(abs(x), 2)))
    return mp.floor(x * mpf(2) ** shift) / mpf(2) ** shift


def parts(name, about, x, cuts):
    """x as a sum of floats: the leading ones cut to so many bits, the last one rounded."""
    out, rest = [], x
    for bits in cuts:
        piece = truncated(rest, bits)
        out.append(piece)
        rest -= piece
    out.append(mpf(float(rest)))
    print(f"/// {about}.")
    print(f"pub const {name}: [f64; {len(out)}] = [{', '.join(literal(v) for v in out)}];\n")


def two(x):
    """x as the nearest float and what is left."""
    high = mpf(float(x))
    return [high, mpf(float(x - high))]


def pair(name, about, x):
    print(f"/// {about}, as the sum of two floats.")
    print(f"pub const {name}: [f64; 2] = [{', '.join(literal(v) for v in two(x))}];\n")


print("""//! Coefficients of polynomials and split constants: made by `tools/vector/coefficients.py`, not by hand.
//!
//! Polynomials: constant term first.

#![expect(clippy::approx_constant, reason = "these are the numbers that the computation gave")]
""")

half_ln2 = log(2) / 2 * mpf("1.0001")
emit("EXP", "(eʳ − 1 − r) / r² for |r| ≤ ln 2 / 2", near_zero(lambda r: (exp(r) - 1 - r) / r**2, "0.5"), -half_ln2, half_ln2, 9)
root = (sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)
emit("LOG", "(log((1 + s) / (1 − s)) / s − 2) / z, z = s², for (1 + s) / (1 − s) between 1/√2 and √2",
     near_zero(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2) / z, mpf(2) / 3), 0, root**2 * mpf("1.0001"), 6)
emit("LOG_TAIL", "The same with one term more taken off: (log((1 + s) / (1 − s)) / s − 2 − 2z/3) / z²",
     near_zero(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2 - 2 * z / 3) / z**2, mpf(2) / 5), 0, root**2 * mpf("1.0001"), 7)
quarter = (pi / 4) ** 2 * mpf("1.0001")
emit("SIN", "(sin r / r − 1) / z, z = r², for |r| ≤ π/4", near_zero(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 6), 0, quarter, 5)
emit("COS", "(cos r − 1 + z/2) / z², z = r², for |r| ≤ π/4", near_zero(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24), 0, quarter, 5)
emit("ASIN", "(asin r / r − 1) / z, z = r², for |r| ≤ 1/2", near_zero(lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z, mpf(1) / 6), 0, mpf(1) / 4, 12)
emit("ATAN", "(atan r / r − 1) / z, z = r², for |r| ≤ √2 − 1", near_zero(lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 3), 0, (sqrt(mpf(2)) - 1) ** 2 * mpf("1.0001"), 11)
emit("ERF", "(erf r / r − 2/√π) / z, z = r², for |r| ≤ 1", near_zero(lambda z: (erf(sqrt(z)) / sqrt(z) - 2 / sqrt(pi)) / z, -2 / (3 * sqrt(pi))), 0, 1, 11)


def tail(t):
    """(1 + 2x) exp(x²) erfc x, x = 4 (1 + t) / (1 − t), less its value at x = 4, divided by t."""
    def whole(t):
        x = 4 * (1 + t) / (1 - t)
        return (1 + 2 * x) * exp(x * x) * erfc(x)
    if abs(t) < mpf(10) ** -20:
        t = mpf(10) ** -20
    return (whole(t) - whole(mpf(0))) / t


at_four = 9 * exp(mpf(16)) * erfc(mpf(4))
emit("ERFC", "((1 + 2x) exp(x²) erfc x − its value at 4) / t, t = (x − 4) / (x + 4), for 0 ≤ x ≤ 27.5", tail, -1, mpf("23.5") / mpf("31.5"), 22)
pair("ERFC_AT_FOUR", "9 exp(16) erfc 4", at_four)
half_root_pi = sqrt(pi) / 2
emit("ERFINV", "(erf⁻¹ r / r − √π/2) / z, z = r², for |r| ≤ 1/2", near_zero(lambda z: (erfinv(sqrt(z)) / sqrt(z) - half_root_pi) / z, half_root_pi**3 / 3), 0, mpf(1) / 4, 13)
pair("HALF_ROOT_PI", "√π/2", half_root_pi)


def inverse_tail(u):
    """w / s with erfc w = exp(−s²), s = 9/4 (1 + u) / (1 − u)."""
    s = mpf(9) / 4 * (1 + u) / (1 - u)
    if s < mpf("1.7"):
        return erfinv(1 - exp(-s * s)) / s
    w = sqrt(s * s - log(sqrt(pi) * s))
    for _ in range(12):
        w += (log(erfc(w)) + s * s) * erfc(w) * half_root_pi * exp(w * w)
    return w / s


def inverse_slope(u):
    u = u if u != 0 else mpf(10) ** -25
    return (inverse_tail(u) - inverse_tail(mpf(0))) / u


def place(s):
    return (mpf(s) - mpf(9) / 4) / (mpf(s) + mpf(9) / 4)


emit("ERFCINV", "(w / s − its value at s = 9/4) / u for erfc w = exp(−s²), u = (s − 9/4) / (s + 9/4), 0.8325 ≤ s ≤ 6.08", inverse_slope, place("0.8325"), place("6.08"), 24)
pair("ERFCINV_AT_MIDDLE", "w / s at s = 9/4", inverse_tail(mpf(0)))
emit("CBRT", "A first guess of the cube root on [1, 8]", lambda x: x ** (mpf(1) / 3), 1, 8, 5)

parts("LN_2", "log 2: the first part has so few bits that its products with exponents are exact", log(2), [40])
pair("LOG2_E", "1 / log 2", 1 / log(2))
pair("LOG10_E", "1 / log 10", 1 / log(10))
parts("LOG10_2", "log₁₀ 2, cut as `LN_2` is", log(2) / log(10), [40])
parts("HALF_PI", "π/2 in three parts, for machines with fused products: products of the second with integers below 2²⁰ are exact", pi / 2, [53, 33])
parts("HALF_PI_SHORT", "π/2 in parts of 33 bits, whose products with integers below 2²⁰ are exact, and a rest", pi / 2, [33, 33, 33])
pair("PI_2", "π/2", pi / 2)
parts("PI_4", "π/4, cut such that its first multiples are exact", pi / 4, [50])
pair("TWO_THIRDS", "2/3", mpf(2) / 3)
pair("TWO_OVER_ROOT_PI", "2/√π", 2 / sqrt(pi))

//! Losses over data, written as a user would: what their reverse sweeps save does not grow with the number of points. Only loops within one point count.

use adit::{Engine, Of, Stage};

/// The loops whose trips count in what is saved, in the words of the stage `tape`.
fn counted(source: &str) -> String {
    let module = Engine::new().compile(source).unwrap_or_else(|e| panic!("{e}"));
    let stage = module.entry().and_then(|f| f.emit(Stage::Tape, Of::Vjp, 1)).unwrap_or_else(|e| panic!("{e}"));
    let total = stage.lines().find_map(|line| line.trim().strip_prefix("in all "));
    assert!(total.is_some() || stage.contains("saves nothing"), "{stage}");
    let counted = total.and_then(|total| total.split("iterations: ").nth(1)).unwrap_or_default();
    counted.split(", ").map(|l| l.split(' ').next().unwrap_or_default()).collect::<Vec<_>>().join(" ")
}

#[test]
fn no_loss_over_data_saves_anything_of_its_points() {
    for (name, source, expected) in LOSSES {
        assert_eq!(counted(source), *expected, "{name}");
    }
}

#[test]
fn a_chain_in_a_product_saves_the_product_and_one_number() {
    let source = "fn f(x: [f64; n]) -> f64 { let mut s = 1.0; for i in 0..n { let a = exp(x[i]); let b = a * a; s *= sin(b); } s }";
    assert_eq!(counted(source), "i1");
}

/// Of the weights, which each pass over the data reads and the next step changes, one copy a step is kept.
#[test]
fn steps_over_data_keep_their_weights() {
    let source = "
fn f(w0: [f64; d], x: [f64; n, d], y: [f64; n], k: i64) -> f64 {
    let mut w = w0;
    for t in 0..k {
        let mut g = zeros(d);
        for i in 0..n {
            let mut z = 0.0;
            for j in 0..d { z += w[j] * x[i, j]; }
            let r = tanh(z) - y[i];
            for j in 0..d { g[j] += r * x[i, j]; }
        }
        for j in 0..d { w[j] -= 0.1 * g[j]; }
    }
    sum(w^2)
}";
    assert_eq!(counted(source), "i4");
}

/// Name, program, loops that count: `i5` is that of line 5.
const LOSSES: &[(&str, &str, &str)] = &[
    (
        "mean and variance in two passes",
        "fn f(x: [f64; n]) -> f64 {
    let mut m = 0.0;
    for i in 0..n { m += exp(x[i]); }
    m = m / f64(n);
    let mut v = 0.0;
    for i in 0..n { let d = exp(x[i]) - m; v += d * d; }
    sqrt(v / f64(n - 1)) + m
}",
        "",
    ),
    (
        "softmax cross-entropy by hand, logarithm and norm after",
        "struct Model<k, d> { w: [f64; k, d], b: [f64; k] }
fn scores(m: Model<k, d>, x: [f64; d]) -> [f64; k] { m.w @ x + m.b }
fn loss(m: Model<k, d>, xs: [f64; n, d], labels: [i64; n]) -> f64 {
    let mut total = 0.0;
    for i in 0..n {
        let z = scores(m, xs[i, ..]);
        let mut top = z[0];
        for j in 1..k { if z[j] > top { top = z[j]; } }
        let mut s = 0.0;
        for j in 0..k { s += exp(z[j] - top); }
        total += log(s) + top - z[labels[i]];
    }
    let mut reg = 0.0;
    for i in 0..k { for j in 0..d { reg += m.w[i, j]^2; } }
    log(total / f64(n)) + 0.1 * sqrt(reg)
}",
        "i8",
    ),
    (
        "a mixture of normals, logarithm after",
        "fn nll(mu: [f64; k, d], ls: [f64; k, d], w: [f64; k], x: [f64; n, d]) -> f64 {
    let mut ll = 0.0;
    for i in 0..n {
        let mut lp = zeros(k);
        for c in 0..k {
            let mut q = w[c];
            for j in 0..d {
                let t = (x[i, j] - mu[c, j]) * exp(-ls[c, j]);
                q -= 0.5 * t * t + ls[c, j];
            }
            lp[c] = q;
        }
        ll += logsumexp(lp);
    }
    log(1.0 + ll^2)
}",
        "i13",
    ),
    (
        "k-means, root after",
        "fn cost(c: [f64; k, d], x: [f64; n, d]) -> f64 {
    let mut total = 0.0;
    for i in 0..n {
        let mut best = inf;
        for j in 0..k {
            let mut q = 0.0;
            for l in 0..d { let t = x[i, l] - c[j, l]; q += t * t; }
            if q < best { best = q; }
        }
        total += best;
    }
    sqrt(total)
}",
        "i5",
    ),
    (
        "a network over samples, root after",
        "struct Net<h, d> { w1: [f64; h, d], b1: [f64; h], w2: [f64; h], b2: f64 }
fn act(z: f64) -> f64 { if z > 0.0 { z } else { exp(z) - 1.0 } }
fn loss(net: Net<h, d>, xs: [f64; n, d], ys: [f64; n]) -> f64 {
    let mut sse = 0.0;
    for i in 0..n {
        let mut out = net.b2;
        for j in 0..h {
            let mut a = net.b1[j];
            for l in 0..d { a += net.w1[j, l] * xs[i, l]; }
            out += net.w2[j] * act(a);
        }
        sse += (out - ys[i])^2;
    }
    sqrt(sse / f64(n))
}",
        "i7",
    ),
    (
        "a network with a scratch array",
        "fn loss(w1: [f64; h, d], w2: [f64; h], xs: [f64; n, d], ys: [f64; n]) -> f64 {
    let mut hid = zeros(h);
    let mut s = 0.0;
    for i in 0..n {
        for j in 0..h {
            let mut a = 0.0;
            for l in 0..d { a += w1[j, l] * xs[i, l]; }
            hid[j] = tanh(a);
        }
        let mut o = 0.0;
        for j in 0..h { o += w2[j] * hid[j]; }
        s += (o - ys[i])^2;
    }
    s / f64(n)
}",
        "i5",
    ),
    (
        "a network with a scratch array, logarithm after",
        "fn loss(w1: [f64; h, d], w2: [f64; h], xs: [f64; n, d], ys: [f64; n]) -> f64 {
    let mut hid = zeros(h);
    let mut s = 0.0;
    for i in 0..n {
        for j in 0..h {
            let mut a = 0.0;
            for l in 0..d { a += w1[j, l] * xs[i, l]; }
            hid[j] = tanh(a);
        }
        let mut o = 0.0;
        for j in 0..h { o += w2[j] * hid[j]; }
        s += (o - ys[i])^2;
    }
    log(s)
}",
        "i5",
    ),
    (
        "trajectories of coupled equations",
        "fn accel(q: f64, v: f64, g: f64, k: f64) -> f64 { -g * sin(q) - k * v }
fn loss(q0: [f64; n], g: f64, k: f64, target: [f64; n], steps: i64) -> f64 {
    let h = 0.01;
    let mut s = 0.0;
    for i in 0..n {
        let mut q = q0[i];
        let mut v = 0.0;
        for t in 0..steps {
            let a1 = v; let b1 = accel(q, v, g, k);
            let a2 = v + 0.5 * h * b1; let b2 = accel(q + 0.5 * h * a1, v + 0.5 * h * b1, g, k);
            let a3 = v + 0.5 * h * b2; let b3 = accel(q + 0.5 * h * a2, v + 0.5 * h * b2, g, k);
            let a4 = v + h * b3; let b4 = accel(q + h * a3, v + h * b3, g, k);
            q += h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4);
            v += h / 6.0 * (b1 + 2.0 * b2 + 2.0 * b3 + b4);
        }
        s += (q - target[i])^2;
    }
    log(s)
}",
        "i8",
    ),
    (
        "an iteration until it converges, for each point",
        "fn root(a: f64) -> f64 { let mut r = a; while abs(r * r - a) > 1e-10 { r = 0.5 * (r + a / r); } r }
fn f(x: [f64; n]) -> f64 {
    let mut s = 0.0;
    for i in 0..n { if x[i] > 0.0 { s += root(x[i]); } else { continue; } if s > 1000.0 { break; } }
    s * s
}",
        "i1",
    ),
    (
        "a map, a stencil, a norm",
        "fn cell(a: f64, b: f64) -> f64 { let mut u = a; for t in 0..4 { u = tanh(u + b); } u }
fn f(x: [f64; n], p: f64) -> f64 {
    let mut y = zeros(n);
    for i in 0..n { y[i] = cell(x[i], p); }
    let mut z = zeros(n);
    for i in 1..n - 1 { z[i] = y[i - 1] * y[i] - 2.0 * y[i + 1]; }
    let mut s = 0.0;
    for i in 0..n { s += z[i]^2; }
    sqrt(s)
}",
        "",
    ),
    (
        "a stencil in two dimensions",
        "fn f(u: [f64; n, m], k: f64) -> f64 {
    let mut r = zeros(n, m);
    for i in 1..n - 1 { for j in 1..m - 1 {
        let lap = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j];
        let mut g = lap;
        for t in 0..9 { g = sin(g * k); }
        r[i, j] = g;
    } }
    log(sum(r^2))
}",
        "i3",
    ),
    (
        "normalised after the loop",
        "fn f(logits: [f64; n], y: [f64; n]) -> f64 {
    let mut z = 0.0;
    let mut e = zeros(n);
    for i in 0..n { e[i] = exp(logits[i]); z += e[i]; }
    let mut s = 0.0;
    for i in 0..n { let p = e[i] / z; s -= y[i] * log(p); }
    s
}",
        "",
    ),
    (
        "logistic regression by a while, a count beside",
        "fn f(w: [f64; d], x: [f64; n, d], y: [f64; n]) -> f64 {
    let mut correct = 0;
    let mut s = 0.0;
    let mut i = 0;
    while i < n {
        let mut z = 0.0;
        for j in 0..d { z += w[j] * x[i, j]; }
        let p = sigmoid(z);
        if p > 0.5 { correct += 1; }
        s -= y[i] * log(p) + (1.0 - y[i]) * log(1.0 - p);
        i += 1;
    }
    log(s) * f64(correct)
}",
        "",
    ),
    (
        "structs, helper functions, a robust loss",
        "struct P { a: f64, b: f64, s: f64 }
fn rho(r: f64, d: f64) -> f64 { if abs(r) < d { 0.5 * r * r } else { d * (abs(r) - 0.5 * d) } }
fn model(p: P, t: f64) -> f64 { let mut u = p.a; let mut k = 0; while k < 3 { u = u * exp(-p.b * t) + 0.1; k += 1; } u }
fn f(p: P, t: [f64; n], y: [f64; n]) -> f64 {
    let mut s = 0.0;
    let mut c = 0.0;
    for i in 0..n { let r = (model(p, t[i]) - y[i]) / p.s; s += rho(r, 1.5); c += r * r; }
    s / sqrt(c) + f64(n) * log(p.s)
}",
        "i3",
    ),
    (
        "note C1 as a sum",
        "fn f(x: [f64; n]) -> f64 { let mut s = 0.0; for i in 0..n { let a = exp(x[i]); let b = a * a; s += sin(b); } log(s) }",
        "",
    ),
    (
        "note C2",
        "fn f(a: [f64; n], y: f64) -> f64 { let g = exp(y); let mut s = 0.0; for i in 0..n { s += a[i] * g; } s * s }",
        "",
    ),
    (
        "note C3",
        "fn f(x: f64, n: i64) -> f64 { let mut s = 0.0; for i in 0..n { s += sin(3.0 * f64(i) + 1.0) * x; } s * s }",
        "",
    ),
];

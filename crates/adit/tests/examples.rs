//! The Rust examples do what they say.

#[path = "../examples/linreg.rs"]
#[expect(dead_code, reason = "an example's `main` is not called here")]
mod linreg;

#[path = "../examples/train_mlp.rs"]
#[expect(dead_code, reason = "an example's `main` is not called here")]
mod train_mlp;

#[test]
fn newton_finds_the_regression_line_of_the_irises() {
    let steps = linreg::fit().expect("it runs");
    let last = steps.last().expect("there are steps");
    assert!(last.slope < 1e-6, "{steps:?}");
    // The least-squares line is -0.36308 + 0.41576 x with the residual 0.2048; the priors move it by a thousandth.
    let expected = [-0.363, 0.4157, 0.2048];
    assert!(last.params.iter().zip(expected).all(|(found, e)| (found - e).abs() < 2e-3), "{last:?}");
    assert!(steps.windows(2).all(|two| two[1].value <= two[0].value));
}

#[test]
fn the_loss_of_the_network_falls_by_an_order_of_magnitude() {
    let mut epochs = 0;
    let losses = train_mlp::train(500, 0.1, &mut |epoch, _| epochs = epoch).expect("it runs");
    assert_eq!((losses.len(), epochs), (501, 500));
    assert!(losses.iter().all(|loss| loss.learned.is_finite() && loss.tested.is_finite()));
    for of in [|l: &train_mlp::Losses| l.learned, |l: &train_mlp::Losses| l.tested] {
        assert!(of(&losses[500]) < of(&losses[0]) / 10.0, "{:?} to {:?}", losses[0], losses[500]);
    }
    let curve = train_mlp::curve(&losses).expect("it is drawn");
    assert!(curve.starts_with("<svg") && curve.contains("tested") && curve.contains("epoch"));
}

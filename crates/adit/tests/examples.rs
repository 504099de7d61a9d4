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
    let losses = train_mlp::train(500, 0.1).expect("it runs");
    assert_eq!(losses.len(), 501);
    assert!(losses.iter().all(|loss| loss.is_finite()));
    assert!(losses[500] < losses[0] / 10.0, "{} to {}", losses[0], losses[500]);
}

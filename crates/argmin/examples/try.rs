use adit::{Engine, Value};
use adit_argmin::*;
fn main() {
    let root = "examples/nist/";
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(format!("{root}certified.json")).unwrap()).unwrap();
    let module = Engine::new().compile_file(format!("{root}regressions.ad")).unwrap();
    for p in json.as_array().unwrap() {
        let name = p["name"].as_str().unwrap();
        let csv = std::fs::read_to_string(format!("{root}{}", p["data"].as_str().unwrap())).unwrap();
        let col = |k: usize| csv.lines().skip(1).map(|l| l.split(',').nth(k).unwrap().parse::<f64>().unwrap()).collect::<Vec<_>>();
        let cert: Vec<f64> = p["certified"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        for (k, start) in p["starts"].as_array().unwrap().iter().enumerate() {
            let b: Vec<f64> = start.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            for (f, m) in [(name.to_string(), Method::LevenbergMarquardt), (format!("{name}_cost"), Method::Lbfgs), (format!("{name}_cost"), Method::NewtonCg)] {
                let f = module.function(&f).unwrap();
                let args = f.arrange(&[("b", b.clone().into()), ("x", col(1).into()), ("y", col(0).into())]).unwrap();
                let problem = Problem::new(&f, &args, &["b"]).unwrap();
                let t = std::time::Instant::now();
                match minimise(&problem, &Options { method: Some(m), ..Options::default() }, &mut |_| ()) {
                    Err(e) => println!("{name} {k} {m:?}: ERROR {e}"),
                    Ok(r) => {
                        let digits = r.point.iter().zip(&cert).map(|(a, b)| -((a - b) / b).abs().max(1e-12).log10()).fold(99.0, f64::min);
                        println!("{name:9} {} {:20} digits {digits:5.1}  it {:5} ev {:5} prod {:5} {:10} conv {} g {:.1e} f {:.9e} {:?}", k + 1, r.method.name(), r.iterations, r.counts.evaluations, r.counts.products, r.stop.name(), r.converged, r.gradient_norm, r.value, t.elapsed());
                    }
                }
            }
        }
    }
    let _ = Value::F64(0.0);
}

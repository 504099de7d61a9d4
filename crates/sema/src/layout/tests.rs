//! Signatures of structs, tuples and dimensions, taken apart and bound.

use super::*;
use crate::typed::{Block, LocalDef, ParamDef};
use adit_diag::Span;

fn local(name: &str, ty: Ty) -> LocalDef {
    LocalDef { name: name.into(), ty, mutable: false, span: Span::NONE }
}

fn vector(dim: DimExpr) -> Ty {
    Ty::Array { element: ScalarType::F64, dims: vec![dim] }
}

fn n_plus_one() -> DimExpr {
    DimExpr::Apply(Prim::Iadd, Box::new([DimExpr::Local(LocalId(0)), DimExpr::Const(1)]))
}

/// `fn f(p: P<n>, x: [f64; n + 1], s: &mut f64) -> (f64, [f64; n + 1])`, `struct P<m> { a: f64, w: [f64; m] }`
fn program(field: DimExpr) -> Program {
    let n = DimExpr::Local(LocalId(0));
    let fields = vec![FieldDef { name: "a".into(), ty: Ty::F64 }, FieldDef { name: "w".into(), ty: vector(field) }];
    let p = StructDef { name: "P".into(), dims: vec!["m".into()], fields, span: Span::NONE };
    let locals = vec![
        local("n", Ty::I64),
        local("p", Ty::Struct { id: crate::typed::StructId(0), dims: vec![n] }),
        local("x", vector(n_plus_one())),
        local("s", Ty::F64),
    ];
    let param = |id, lent| ParamDef { local: LocalId(id), lent, span: Span::NONE };
    let def = FnDef {
        name: "f".into(),
        docs: String::new(),
        span: Span::NONE,
        is_library: false,
        dims: vec![LocalId(0)],
        params: vec![param(1, false), param(2, false), param(3, true)],
        result: Ty::Tuple(vec![Ty::F64, vector(n_plus_one())]),
        locals,
        lambdas: Vec::new(),
        instance_of: None,
        body: Block { span: Span::NONE, stmts: vec![], value: None, ty: Ty::Never },
        external: None,
        rules: crate::typed::FnRules::default(),
    };
    Program { structs: vec![p], functions: vec![def] }
}

fn layout(field: DimExpr) -> Layout {
    Layout::of(&program(field), FnId(0)).unwrap()
}

#[test]
fn structs_and_tuples_are_taken_apart_in_order() {
    let layout = layout(DimExpr::Struct(0));
    let paths = |leaves: &[Leaf]| leaves.iter().map(|l| l.path.to_string()).collect::<Vec<_>>();
    assert_eq!(paths(&layout.params), ["p.a", "p.w", "x", "s"]);
    assert_eq!(paths(&layout.results), ["result.0"]);
    assert_eq!(paths(&layout.destinations), ["result.1"]);
    assert_eq!(layout.result_leaves, [ResultLeaf::Scalar(0), ResultLeaf::Array(0)]);
    assert_eq!(layout.finals, [3]);
    assert_eq!(layout.leaves_of_param(0), 0..2);
    assert_eq!(layout.dims[0].source, DimSource::Extent { leaf: 1, axis: 0 });
    assert_eq!((layout.explicit, layout.ir_params()), (0, 5));
}

#[test]
fn a_name_that_no_array_mentions_bare_is_explicit() {
    let double = DimExpr::Apply(Prim::Imul, Box::new([DimExpr::Const(2), DimExpr::Struct(0)]));
    let layout = layout(double);
    assert_eq!(layout.dims[0].source, DimSource::Explicit(0));
    assert_eq!((layout.explicit, layout.ir_param(1), layout.ir_destination(0)), (1, 2, 5));
}

fn bind(layout: &Layout, w: Option<usize>, x: Option<usize>) -> Result<Bound, BindError> {
    let shapes = [vec![], vec![w], vec![x], vec![]];
    layout.bind(Given { shapes: &shapes, ints: &[None; 4], explicit: &[] })
}

#[test]
fn extents_bind_names_and_size_results() {
    let bound = bind(&layout(DimExpr::Struct(0)), Some(3), Some(4)).unwrap();
    assert_eq!(bound.destinations, [[4]]);
    let unknown = bind(&layout(DimExpr::Struct(0)), Some(3), None).unwrap();
    assert_eq!(unknown.shapes[2], [4]);
}

#[test]
fn disagreement_names_both_sides() {
    let layout = layout(DimExpr::Struct(0));
    let error = bind(&layout, Some(3), Some(3)).unwrap_err();
    assert_eq!(error.to_string(), "sizes do not agree: the length of `x` is 3, but `n + 1` is 4");
}

#[test]
fn unbound_and_wrong_rank_are_errors() {
    let double = DimExpr::Apply(Prim::Imul, Box::new([DimExpr::Const(2), DimExpr::Struct(0)]));
    let error = bind(&layout(double), Some(4), Some(3)).unwrap_err();
    assert_eq!(error, BindError::Unbound { name: "n".into() });
    let layout = layout(DimExpr::Struct(0));
    let shapes = [vec![], vec![Some(1), Some(1)], vec![Some(2)], vec![]];
    let given = Given { shapes: &shapes, ints: &[None; 4], explicit: &[] };
    assert!(matches!(layout.bind(given), Err(BindError::Rank { wanted: 1, found: 2, .. })));
}

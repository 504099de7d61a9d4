//! `views`: a copy of a part of an array is read where it came from.

use crate::harness::check;

#[test]
fn a_part_of_an_array_is_read_where_it_is() {
    check(
        "views",
        "func @f(v0: [f64; d0, d1], v1: i64) -> f64 {
           v2 = const 0
           v3 = cmp ge v1, v2
           v4 = cmp lt v1, d0
           v5 = and v3, v4
           assert v5, index_out_of_range(v1, d0)
           v6 = alloc [f64; d1]
           for v7 in 0..d1 {
             v8 = load v0[v1, v7]
             store v6[v7], v8
           }
           v9 = alloc [f64; 3]
           for v10 in 0..3 {
             v11 = const 2
             v12 = iadd v10, v11
             v13 = load v6[v12]
             store v9[v10], v13
           }
           v14 = load v6[v1]
           v15 = load v9[1]
           v16 = add v14, v15
           return v16
         }",
        "func @f(v0: [f64; d0, d1], v1: i64) -> f64 {
  v2 = const 0
  v3 = cmp ge v1, v2
  v4 = cmp lt v1, d0
  v5 = and v3, v4
  assert v5, index_out_of_range(v1, d0)
  v6 = alloc [f64; 3]
  for v7 in 0..3 {
    v8 = const 2
    v9 = iadd v7, v8
    v10 = load v0[v1, v9]
    store v6[v7], v10
  }
  v11 = load v0[v1, v1]
  v12 = load v6[1]
  v13 = add v11, v12
  return v13
}",
    );
}

#[test]
fn a_view_of_a_view_is_followed_and_equal_extents_are_known() {
    check(
        "views",
        "func @f(v0: [f64; d0, 8], v1: [f64; d1], v2: i64) -> f64 {
           v3 = imul d0, v2
           v4 = cmp eq v3, d1
           assert v4, shape_mismatch(\"columns\")(v3, d1)
           v5 = alloc [f64; d0, 8]
           for v6 in 0..d0 {
             for v7 in 0..8 {
               v8 = load v0[v6, v7]
               store v5[v6, v7], v8
             }
           }
           v9 = alloc [f64; d0]
           for v10 in 0..d0 {
             v11 = load v5[v10, 3]
             store v9[v10], v11
           }
           v12 = alloc [f64; v3]
           for v13 in 0..v3 {
             v14 = load v1[v13]
             store v12[v13], v14
           }
           v15 = load v9[v2]
           v16 = load v12[v2]
           v17 = add v15, v16
           return v17
         }",
        "func @f(v0: [f64; d0, 8], v1: [f64; d1], v2: i64) -> f64 {
  v3 = imul d0, v2
  v4 = cmp eq v3, d1
  assert v4, shape_mismatch(\"columns\")(v3, d1)
  v5 = load v0[v2, 3]
  v6 = load v1[v2]
  v7 = add v5, v6
  return v7
}",
    );
}

#[test]
fn a_subscript_that_no_view_of_a_view_looks_at_is_still_looked_at() {
    check(
        "views",
        "func @f(v0: [f64; d0], v1: [f64; d1], v2: i64) -> f64 {
           v3 = alloc [f64; d1, d0]
           for v4 in 0..d1 {
             for v5 in 0..d0 {
               v6 = load v0[v5]
               store v3[v4, v5], v6
             }
           }
           v7 = alloc [f64; d1, d0]
           for v8 in 0..d1 {
             for v9 in 0..d0 {
               v10 = load v3[v8, v9]
               store v7[v8, v9], v10
             }
           }
           v11 = load v7[v2, v2]
           return v11
         }",
        "func @f(v0: [f64; d0], v1: [f64; d1], v2: i64) -> f64 {
  v3 = alloc [f64; d1, d0]
  for v4 in 0..d1 {
    for v5 in 0..d0 {
      v6 = load v0[v5]
      store v3[v4, v5], v6
    }
  }
  v7 = load v3[v2, v2]
  return v7
}",
    );
}

#[test]
fn what_is_written_later_read_earlier_or_not_in_range_is_copied() {
    for text in [
        // What is viewed changes before it is read.
        "func @f(v0: mut [f64; d0], v1: f64) -> f64 {
  v2 = alloc [f64; d0]
  for v3 in 0..d0 {
    v4 = load v0[v3]
    store v2[v3], v4
  }
  fill v0, v1
  v5 = const 0
  v6 = load v2[v5]
  return v6
}",
        // The array is read before it is filled.
        "func @f(v0: [f64; d0], v1: i64) -> f64 {
  v2 = alloc [f64; d0]
  v3 = load v2[v1]
  for v4 in 0..d0 {
    v5 = load v0[v4]
    store v2[v4], v5
  }
  v6 = load v2[v1]
  v7 = add v3, v6
  return v7
}",
        // The row may not exist: the trap would be told elsewhere, or not at all.
        "func @f(v0: [f64; d0, d1], v1: i64) -> f64 {
  v2 = alloc [f64; d1]
  for v3 in 0..d1 {
    v4 = load v0[v1, v3]
    store v2[v3], v4
  }
  v5 = load v2[v1]
  return v5
}",
        // The loop fills another array, too.
        "func @f(v0: [f64; d0]) -> f64 {
  v1 = alloc [f64; d0]
  v2 = alloc [f64; d0]
  for v3 in 0..d0 {
    v4 = load v0[v3]
    v5 = sin v4
    store v1[v3], v5
    store v2[v3], v4
  }
  v6 = load v1[0]
  v7 = load v2[0]
  v8 = mul v6, v7
  return v8
}",
        // Beyond the part there is more.
        "func @f(v0: [f64; 8], v1: i64) -> f64 {
  v2 = alloc [f64; 3]
  for v3 in 0..3 {
    v4 = load v0[v3]
    store v2[v3], v4
  }
  v5 = load v2[v1]
  return v5
}",
        // The loop fills another array, too.
        "func @f(v0: [f64; d0], v1: f64) -> f64 {
  v2 = alloc [f64; d0]
  v3 = alloc [f64; d0, 2]
  for v4 in 0..d0 {
    v5 = load v0[v4]
    store v2[v4], v5
    store v3[v4, 0], v1
    store v3[v4, 1], v5
  }
  v6 = for v7 in 0..d0 (v8: f64 = v1) {
    v9 = load v2[v7]
    v10 = load v3[v7, 0]
    v11 = add v9, v10
    v12 = add v8, v11
    yield v12
  }
  return v6
}",
    ] {
        check("views", text, text);
    }
}

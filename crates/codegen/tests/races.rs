//! A race on purpose, which a checker of races has to see: `python3 tools/races/races.py`.

#![expect(unsafe_code, reason = "no race is possible without")]

mod common;

use adit_codegen::Options;
use adit_ir::{Argument, ElementsMut};
use adit_runtime::Workspace;
use common::{entry, module};

const TEXT: &str = "func @f(v0: mut [f64; d0]) {
  v1 = const 1.0
  for v2 in 0..d0 {
    store v0[v2], v1
  }
}";

/// The address of a buffer and its length, for threads that must not have it.
struct Shared(*mut f64, usize);

// SAFETY: the buffer outlives the threads; that they race for it is for the checker to see.
unsafe impl Sync for Shared {}

impl Shared {
    fn write(&self) {
        // SAFETY: as above; both threads write the same bits.
        let elements = unsafe { std::slice::from_raw_parts_mut(self.0, self.1) };
        let mut args = [Argument::ArrayMut { dims: &[self.1], elements: ElementsMut::F64(elements) }];
        let entry = entry(&module(TEXT), &Options::default());
        entry.call(&mut Workspace::new(), &mut args, &mut Vec::new()).expect("it runs");
    }
}

#[test]
#[ignore = "races on purpose"]
fn two_threads_write_one_buffer() {
    let mut buffer = [0.0; 8];
    let shared = Shared(buffer.as_mut_ptr(), buffer.len());
    let write = || shared.write();
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(write))));
}

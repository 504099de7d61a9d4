//! The library that objects built by Adit are linked with: `libadit_native.a`.
//!
//! In: objects of `adit build --emit obj`, and a linker. Out: the symbols that they leave open, which are [`adit_runtime`]'s: `adit_native_call`, which every object calls, and `adit_native_message`, for whoever calls
//! objects. It is all of the runtime and nothing of the compiler, and has no code of its own.
//!
//! ```text
//! cargo build --release -p adit-native
//! cc main.c f_gradient.o target/release/libadit_native.a -lm -lpthread -ldl
//! ```

pub use adit_runtime::native::{Native, adit_native_call, adit_native_message};

//! A compiler that differentiates: compile a small language and its gradients to native code in milliseconds.

//! How far down the current thread's stack goes.
//!
//! In: nothing. Out: [`limit`], the lowest address compiled code may let the stack pointer reach, with room left below it for the functions it calls. Asked of the system
//! once a thread. Where the system cannot tell, a modest share below the first asker's frame is assumed.

use std::cell::Cell;

/// Bytes kept free below the limit for mathematical functions, printing and the host's sinks.
const RESERVE: usize = 64 << 10;

/// What is assumed where the system cannot tell.
const ASSUMED: usize = 256 << 10;

thread_local! {
    static LIMIT: Cell<usize> = const { Cell::new(0) };
}

/// The lowest address that the stack pointer of this thread may reach.
#[inline]
pub fn limit() -> usize {
    match LIMIT.get() {
        0 => asked(),
        limit => limit,
    }
}

#[cold]
fn asked() -> usize {
    let here = here();
    let low = system_low().filter(|&low| low < here).unwrap_or(here.saturating_sub(ASSUMED));
    LIMIT.set(low + RESERVE);
    low + RESERVE
}

/// An address near the stack pointer.
#[inline]
pub fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(&local) as usize
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn system_low() -> Option<usize> {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut low, mut size, mut guard) = (std::ptr::null_mut(), 0_usize, 0_usize);
    // SAFETY: `attributes` is initialised by the first call and destroyed by the last; the others write to locals.
    let found = unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let found = libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size)
            | libc::pthread_attr_getguardsize(attributes.as_ptr(), &mut guard);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        found
    };
    (found == 0 && !low.is_null()).then_some(low as usize + guard)
}

#[cfg(target_vendor = "apple")]
fn system_low() -> Option<usize> {
    // SAFETY: both functions only read the thread's own description.
    let (top, size) = unsafe {
        let this = libc::pthread_self();
        (libc::pthread_get_stackaddr_np(this) as usize, libc::pthread_get_stacksize_np(this))
    };
    top.checked_sub(size)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn system_low() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_lies_below_and_within_the_thread() {
        let small = std::thread::Builder::new().stack_size(512 << 10);
        let left = small.spawn(|| here() - limit()).expect("threads start").join().expect("it does not panic");
        // A thread may be given the stack of one that has ended, which was larger.
        assert!(left < 64 << 20, "{left} bytes left of about 512 KiB");
        assert!(left > 128 << 10, "only {left} bytes left of 512 KiB");
    }
}

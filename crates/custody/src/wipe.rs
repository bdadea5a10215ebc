//! Overwrites memory that other crates have used for secrets and given back.
//!
//! Own secrets are wiped by their types. What is left are copies that curve arithmetic and
//! decryption leave on the stack, and one heap buffer inside `age`. Overwriting those is a best
//! effort: no safe code can name them. A test searches a process's memory for what remains.

use std::hint::black_box;

/// Deep enough for expanding a seed and signing with it.
pub(crate) const SIGNING_STACK: usize = 32 * 1024;

/// Deep enough for scrypt and for opening an age file.
pub(crate) const DECRYPTION_STACK: usize = 128 * 1024;

/// Size of the buffer in which `age` collects plaintext when it encrypts.
const AGE_CHUNK: usize = 64 * 1024;

/// Overwrites the stack just below its caller, where the calls before this one have worked.
#[inline(never)]
pub(crate) fn wipe_stack<const BYTES: usize>() {
    black_box(&mut [0u8; BYTES]);
}

/// Takes blocks of the size that `age` has just given back, and overwrites them.
#[inline(never)]
pub(crate) fn wipe_age_buffers() {
    // The allocator hands out recently freed blocks first; more than one, should it not.
    let mut blocks = [const { Vec::new() }; 4];
    for block in &mut blocks {
        *block = vec![0xA5u8; AGE_CHUNK];
        block.fill(0);
    }
    black_box(&mut blocks);
}

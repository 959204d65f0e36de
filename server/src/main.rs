//! The program. Everything it does lies in the library beside it, where tests reach it.

use std::process::ExitCode;

/// Hashing a password takes 19 MB for a moment. The system's allocator keeps as much for every thread that ever
/// did; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}

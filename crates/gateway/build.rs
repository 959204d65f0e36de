//! Without this, a migration added later would not be embedded until something else is rebuilt.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}

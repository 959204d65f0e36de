//! Progress that a person can follow: `[build 2/4] frontend, release`.

use std::time::Instant;

pub struct Steps {
    of: &'static str,
    total: usize,
    done: usize,
    started: Instant,
}

impl Steps {
    /// `of` names the task: one may run inside another.
    pub fn new(of: &'static str, total: usize) -> Self {
        Self {
            of,
            total,
            done: 0,
            started: Instant::now(),
        }
    }

    pub fn next(&mut self, what: &str) {
        self.done += 1;
        println!("[{} {}/{}] {what} …", self.of, self.done, self.total);
    }

    pub fn finish(&self, what: &str) {
        println!("{what} in {:.1} s", self.started.elapsed().as_secs_f32());
    }
}

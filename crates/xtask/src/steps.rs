//! Progress that a person can follow: `[2/6] frontend, release`.

use std::time::Instant;

pub struct Steps {
    total: usize,
    done: usize,
    started: Instant,
}

impl Steps {
    pub fn new(total: usize) -> Self {
        Self {
            total,
            done: 0,
            started: Instant::now(),
        }
    }

    pub fn next(&mut self, what: &str) {
        self.done += 1;
        println!("[{}/{}] {what} …", self.done, self.total);
    }

    pub fn finish(&self, what: &str) {
        println!("{what} in {:.1} s", self.started.elapsed().as_secs_f32());
    }
}

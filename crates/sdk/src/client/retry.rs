//! How long to go on.

use std::time::Duration;

use super::ClientError;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often a call is tried, and how long it may pause in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    pub tries: u32,
    /// A longer pause than this is not waited for: the call fails instead.
    pub longest_pause: Duration,
}

/// For a request that somebody waits for.
impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 4,
            longest_pause: Duration::from_secs(1),
        }
    }
}

impl Patience {
    /// For what is done in the background and must not be lost.
    pub const ENDLESS: Self = Self {
        tries: u32::MAX,
        longest_pause: LONGEST_PAUSE,
    };

    /// The pause before the next try; none where there is to be none.
    pub(super) fn pause(&self, tried: u32, error: &ClientError) -> Option<Duration> {
        if !error.is_transient() || tried >= self.tries {
            return None;
        }
        let pause = self.pause_whatever_it_is(tried, error);
        (pause <= self.longest_pause.mul_f64(1.25)).then_some(pause)
    }

    /// The same for whoever goes on in any case.
    pub(super) fn pause_whatever_it_is(&self, tried: u32, error: &ClientError) -> Duration {
        let asked = match error {
            ClientError::Problem { retry_after, .. } => *retry_after,
            _ => None,
        };
        let own = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tried - 1));
        let pause = asked
            .unwrap_or_default()
            .max(own.min(self.longest_pause))
            .min(LONGEST_PAUSE);
        // Not all at once when the service is back.
        pause.mul_f64(rand::random_range(0.75..1.25))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, retry_after: Option<u64>) -> ClientError {
        ClientError::Problem {
            status,
            problem: serde_json::Value::Null,
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn what_passes_is_waited_for_and_nothing_else() {
        let patience = Patience::default();
        let pause = |tried, status| patience.pause(tried, &problem(status, None));
        assert!(pause(1, 503).is_some_and(|pause| pause < Duration::from_millis(80)));
        assert!(pause(3, 503).is_some_and(|pause| pause > Duration::from_millis(140)));
        assert_eq!(pause(4, 503), None);
        for status in [400, 401, 403, 404, 409, 422] {
            assert_eq!(pause(1, status), None, "{status}");
        }
    }

    #[test]
    fn a_pause_that_is_asked_for_is_kept_or_not_waited_for() {
        let asked = problem(503, Some(5));
        assert_eq!(Patience::default().pause(1, &asked), None);
        let pause = Patience::ENDLESS.pause(1, &asked).unwrap_or_default();
        assert!((3.5..6.5).contains(&pause.as_secs_f64()), "{pause:?}");
        let most = Patience::ENDLESS.pause(1_000, &problem(503, None));
        assert!(most.is_some_and(|pause| pause <= LONGEST_PAUSE.mul_f64(1.25)));
    }
}

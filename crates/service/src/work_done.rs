//! What this process did since it began, counted for pages that show a run under way and for monitors.

use std::sync::atomic::{AtomicU64, Ordering};

use billing::payment::AttemptStatus;

use crate::run::RunReport;

#[derive(Debug, Default)]
pub struct WorkDone {
    boundaries: AtomicU64,
    parked: AtomicU64,
    runs: AtomicU64,
    failed_runs: AtomicU64,
    charges: [AtomicU64; AttemptStatus::ALL.len()],
}

impl WorkDone {
    /// Boundaries that billing runs processed.
    pub fn boundaries(&self) -> u64 {
        read(&self.boundaries)
    }

    /// Customers that billing runs set aside.
    pub fn parked(&self) -> u64 {
        read(&self.parked)
    }

    /// Billing runs that came to their end.
    pub fn runs(&self) -> u64 {
        read(&self.runs)
    }

    /// Billing runs that broke off.
    pub fn failed_runs(&self) -> u64 {
        read(&self.failed_runs)
    }

    /// How many payment attempts came to be so.
    pub fn charges(&self, status: AttemptStatus) -> u64 {
        read(&self.charges[status as usize])
    }

    /// Noted as they are processed: a run may take minutes.
    pub(crate) fn note_boundaries(&self, processed: usize) {
        self.boundaries.fetch_add(processed as u64, Ordering::Relaxed);
    }

    pub(crate) fn note_run(&self, report: RunReport, ended: bool) {
        self.parked.fetch_add(report.parked.into(), Ordering::Relaxed);
        let runs = if ended { &self.runs } else { &self.failed_runs };
        runs.fetch_add(1, Ordering::Relaxed);
    }

    /// A settled attempt never moves again, and a repeated answer moves none.
    pub(crate) fn note_charge(&self, before: AttemptStatus, now: AttemptStatus) {
        if before != now && !before.is_settled() {
            self.charges[now as usize].fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_counts_once_where_it_moves() {
        use AttemptStatus::{Canceled, Declined, Processing, Submitted, Succeeded};
        let done = WorkDone::default();
        for (before, now) in [
            (Submitted, Processing),
            (Processing, Processing),
            (Processing, Succeeded),
            // Told again, or too late.
            (Succeeded, Succeeded),
            (Canceled, Succeeded),
            (Submitted, Declined),
        ] {
            done.note_charge(before, now);
        }
        let counts = AttemptStatus::ALL.map(|status| (status, done.charges(status)));
        let rose = counts.into_iter().filter(|(_, count)| *count > 0);
        assert_eq!(
            rose.collect::<Vec<_>>(),
            [(Processing, 1), (Succeeded, 1), (Declined, 1)]
        );
    }

    #[test]
    fn a_run_counts_by_how_it_ended() {
        let done = WorkDone::default();
        let report = |parked| RunReport { processed: 9, parked };
        done.note_run(report(2), true);
        done.note_run(report(1), false);
        done.note_boundaries(5);
        let counts = (done.boundaries(), done.parked(), done.runs(), done.failed_runs());
        assert_eq!(counts, (5, 3, 1, 1));
    }
}

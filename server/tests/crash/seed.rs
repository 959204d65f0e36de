//! Demo data that a crash cut off.

use std::time::Duration;

use tokio::time::sleep;

use crate::database::Database;
use crate::program::Program;

/// Early, in the middle of the story, and late.
const CUT_OFF_AFTER: [Duration; 3] = [
    Duration::from_millis(700),
    Duration::from_millis(2_000),
    Duration::from_millis(4_000),
];

/// Half a history is none: the next one begins anew, and its books tie.
#[tokio::test]
async fn demo_data_that_were_cut_off_are_made_anew() {
    let database = Database::create().await;
    let mut program = Program::new(database.url(), "seed");
    for moment in CUT_OFF_AFTER {
        program.spawn_verb("seed");
        sleep(moment).await;
        program.kill();
    }
    assert!(
        program.run("seed").0,
        "the demo data were not made, see {}",
        program.log_path().display()
    );
    let (verified, report) = program.verify();
    assert!(verified, "{report}");
    assert!(!program.run("seed").0, "demo data were put on top of data");
    database.drop().await;
}

//! Thousands of random schedules over the real handlers. `TIDELINE_SCHEDULES` says how many, `TIDELINE_SEED` with
//! which seed they begin.

use tideline_tests::{hold_for_many_schedules, run_schedule};

#[test]
fn every_promise_holds_after_every_schedule() {
    hold_for_many_schedules(10_000, run_schedule);
}

//! Thousands of random sequences of exports of an audience over the real handlers. `TIDELINE_SCHEDULES` says how many,
//! `TIDELINE_SEED` with which seed they begin.

use tideline_tests::{hold_for_many_schedules, run_audience_schedule};

#[test]
fn every_audience_is_what_its_mode_promises_after_every_schedule() {
    hold_for_many_schedules(2_000, run_audience_schedule);
}

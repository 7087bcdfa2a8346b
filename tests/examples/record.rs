//! Writes `tests/fixtures/recorded/` anew: `cargo run -p tideline-tests --example record`. Only for a change that is
//! meant to change what is made; the recordings are what an upgrade is held against.
#![allow(
    clippy::print_stdout,
    reason = "a tool of the tests: it tells what it has recorded"
)]

use std::rc::Rc;

use tideline_tests::{Bench, cases};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let bench = Rc::new(Bench::start().await?);
    for case in cases() {
        let mut world = case.world(&bench, None).await?;
        case.play(&mut world).await?;
        world.check_no_errors()?;
        let text = serde_json::to_string_pretty(&world.record_all())?;
        std::fs::write(case.path(), text + "\n")?;
        println!("{}", case.path().display());
        for record in world.records() {
            println!("  {:?} {:?}", record.status, record.sums);
        }
    }
    Ok(())
}

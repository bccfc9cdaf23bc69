//! `mjbatch retry`: failed tasks wait again, for the next run to send. It spends nothing itself, and needs no key.

use std::io::Write as _;

use super::args::RetryArgs;
use super::exit::Exit;
use super::failure::{Failure, say};
use super::rules;
use super::settings::{self, Files};
use super::signals;
use crate::diagnostic::Diagnostic;
use crate::manifest;
use crate::store::{Again, StoreError};
use crate::task::Prices;

/// Lets failed tasks wait again.
pub(super) fn retry(args: &RetryArgs) -> Result<Exit, Failure> {
    let manifest = manifest::read(&args.manifest).map_err(Failure::manifest)?;
    let files = Files::of(&args.manifest, &args.place, Vec::new());
    let mut store = files.store.hold(&signals::who_we_are()).map_err(|e| match e {
        StoreError::Absent(_) => Failure::never_run(files.store.location()),
        e => Failure::opening(&e),
    })?;
    let columns = store.header().map_err(|e| Failure::opening(&e))?.columns;
    let filters = rules::filters(&args.only, &columns)?;
    let again = store.send_again(&filters, args.lost).map_err(|e| Failure::opening(&e))?;
    let prices = settings::merged(args.prices, manifest.batch.prices);
    warn(&again);
    let _ = anstream::stdout().write_all(said(args, &again, &prices).as_bytes());
    Ok(Exit::Success)
}

fn said(args: &RetryArgs, again: &Again, prices: &Prices) -> String {
    if again.tasks.total() == 0 {
        let what = if args.lost { "failed, was lost or was given up" } else { "failed" };
        return format!("nothing to send again: no task that is chosen {what}\n");
    }
    let noun = if again.tasks.total() == 1 { "task" } else { "tasks" };
    format!(
        "{} {noun} to send again, {}\nnext: {}\n",
        again.tasks.total(),
        cost(again, prices),
        settings::command_for("run", &args.manifest, &args.place, &[])
    )
}

fn cost(again: &Again, prices: &Prices) -> String {
    match again.tasks.cost(prices) {
        Some(cost) => format!("each paid anew: {cost} by the prices you gave"),
        None => "each paid anew".to_owned(),
    }
}

/// Says what a person should think of before the money is spent.
fn warn(again: &Again) {
    let were = |n: u64| if n == 1 { "1 of them was".to_owned() } else { format!("{n} of them were") };
    if again.turned_down > 0 {
        let found =
            format!("{} turned down: the same prompt will most likely be again", were(again.turned_down));
        say(&Diagnostic::warning(found)
            .help("change the prompt instead; that alone sends the task again")
            .into());
    }
    if again.may_be_made > 0 {
        let found =
            format!("{} not seen to end well, and may have been made and billed", were(again.may_be_made));
        say(&Diagnostic::warning(found).into());
    }
}

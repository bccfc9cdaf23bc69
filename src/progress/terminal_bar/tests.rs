//! The bar on terminals of several widths, by what is on the screen.

use indicatif::{InMemoryTerm, TermLike};

use super::*;
use crate::progress::Notice;
use crate::progress::cursor_home::CursorHome;
use crate::progress::tests::{bad, done, progress, run, started};

fn bar(columns: u16) -> (TerminalBar, InMemoryTerm) {
    let terminal = InMemoryTerm::new(20, columns);
    let target = ProgressDrawTarget::term_like(Box::new(CursorHome(terminal.clone())));
    let same = terminal.clone();
    (TerminalBar::new(target, move || same.width(), false), terminal)
}

/// What is on the screen in the middle of a run, after a failure and a notice.
fn midway(columns: u16) -> String {
    use Status::{Done, Failed, Pending, Running};
    let (mut bar, terminal) = bar(columns);
    bar.event(&started(), &progress(0, &[(Pending, 60)]));
    for n in 1..=34 {
        bar.event(&done("t"), &progress(60 + n, &[(Done, n), (Running, 10), (Pending, 50 - n)]));
    }
    let now = progress(120, &[(Done, 34), (Failed, 1), (Running, 7), (Pending, 18)]);
    bar.event(&bad("hero-red", Failed, "refused by moderation"), &now);
    bar.event(&RunEvent::Notice(Notice::SlotsLearned { slots: 7, asked: 10 }), &now);
    bar.tick(&RunProgress { slots: 7, elapsed: Duration::from_secs(121), ..now });
    terminal.contents()
}

#[test]
fn a_bar_shows_counts_slots_rate_and_time_left() {
    insta::assert_snapshot!(midway(80), @"
    spring: 60 of 60 tasks to do, 10 slots at https://api.midjourney-api.com
    failed hero-red: refused by moderation
    note: the service takes 7 jobs at once, not 10
    █████████████████████████████▒▒▒▒▒▒░░░░░░░░░░░░░░░ 35/60 · 58 % · ~2 min left
    34 done · 1 failed · 7 running · 18 pending · 7/7 slots · 18/min
    ");
}

#[test]
fn a_narrow_terminal_gets_more_lines_and_loses_nothing() {
    insta::assert_snapshot!(midway(40), @"
    spring: 60 of 60 tasks to do, 10 slots
      at https://api.midjourney-api.com
    failed hero-red: refused by moderation
    note: the service takes 7 jobs at once,
      not 10
    ███████▒░░░░ 35/60 · 58 % · ~2 min left
    34 done · 1 failed · 7 running
    18 pending · 7/7 slots · 18/min
    ");
    insta::assert_snapshot!(midway(20), @"
    spring: 60 of 60
      tasks to do, 10
      slots at
      https://api.midjou
    rney-api.com
    failed hero-red:
      refused by
      moderation
    note: the service
      takes 7 jobs at
      once, not 10
    35/60 · 58 %
    ~2 min left
    34 done · 1 failed
    7 running
    18 pending
    7/7 slots · 18/min
    ");
}

#[test]
fn a_key_that_the_terminal_echoes_leaves_no_trace() {
    let (mut bar, terminal) = bar(60);
    bar.event(&started(), &progress(0, &[(Status::Pending, 60)]));
    let now = progress(20, &[(Status::Running, 10), (Status::Pending, 50)]);
    bar.tick(&now);
    terminal.write_str("^C").unwrap();
    bar.event(&RunEvent::Notice(Notice::Stopping { running: 10 }), &now);
    insta::assert_snapshot!(terminal.contents(), @"
    spring: 60 of 60 tasks to do, 10 slots at
      https://api.midjourney-api.com
    note: stopping: nothing more is submitted; waiting for 10
      running jobs, which are not cancelled; stop again to exit
      at once
    ▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 0/60 · 0 %
    10 running · 50 pending · 10/10 slots
    ");
}

#[test]
fn an_unknown_rate_is_not_shown() {
    let (mut bar, terminal) = bar(80);
    bar.event(&started(), &progress(0, &[(Status::Pending, 60)]));
    bar.tick(&progress(20, &[(Status::Running, 10), (Status::Pending, 50)]));
    insta::assert_snapshot!(terminal.contents(), @"
    spring: 60 of 60 tasks to do, 10 slots at https://api.midjourney-api.com
    ▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 0/60 · 0 %
    10 running · 50 pending · 10/10 slots
    ");
}

#[test]
fn at_the_end_the_summary_replaces_the_bar() {
    let (mut bar, terminal) = bar(80);
    run(&mut bar);
    insta::assert_snapshot!(terminal.contents(), @r#"
    spring: 60 of 60 tasks to do, 10 slots at https://api.midjourney-api.com
    failed hero-red: prompt was refused by moderation
    spring: 60 tasks in 4 min 12 s
      57 done · 2 failed · 1 pending
      failed: 2 × "prompt was refused by moderation" (hero-red, …)
      cost: 114 quota
      results: spring.results.csv
      state: spring.mjbatch
    next: mjbatch run spring.yaml
    "#);
}

#[test]
fn on_a_narrow_terminal_the_summary_is_folded_between_words_and_commands_are_not_broken() {
    let (mut bar, terminal) = bar(40);
    run(&mut bar);
    insta::assert_snapshot!(terminal.contents(), @r#"
    spring: 60 of 60 tasks to do, 10 slots
      at https://api.midjourney-api.com
    failed hero-red: prompt was refused by
      moderation
    spring: 60 tasks in 4 min 12 s
      57 done · 2 failed · 1 pending
      failed: 2 × "prompt was refused by
        moderation" (hero-red, …)
      cost: 114 quota
      results: spring.results.csv
      state: spring.mjbatch
    next: mjbatch run spring.yaml
    "#);
    let command = "next: mjbatch run a-manifest-with-a-long-name.yaml --concurrency 10";
    assert_eq!(fold_summary(command, 20), command);
}

#[test]
fn color_changes_nothing_but_color() {
    let drawn = |color| {
        let terminal = InMemoryTerm::new(20, 80);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        run(&mut TerminalBar::new(target, || 80, color));
        let raw = String::from_utf8(terminal.contents_formatted()).unwrap();
        (terminal.contents(), raw.contains("\u{1b}[31m"))
    };
    let (plain, colored) = (drawn(false), drawn(true));
    assert!(!plain.1 && colored.1);
    assert_eq!(plain.0, colored.0);
}

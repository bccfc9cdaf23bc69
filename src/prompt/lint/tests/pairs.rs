//! Messages on flags beside each other, and on the mode.

use super::super::lint;
use super::{linted, shown};
use crate::task::Mode;

#[test]
fn a_flag_is_given_once() {
    insta::assert_snapshot!(linted("a mug --ar 1:1 --aspect 16:9"), @r"
    error: `--aspect` is given twice
      a mug --ar 1:1 --aspect 16:9
                     ^^^^^^^^^^^^^ again here
      note: the first is `--ar 1:1`
      help: leave one of them out
    ");
    insta::assert_snapshot!(linted("a mug --no text --no hands, feet"), @r"
    error: `--no` is given twice
      a mug --no text --no hands, feet
                      ^^^^^^^^^^^^^^^^ again here
      note: the first is `--no text`
      help: write `--no text, hands, feet`
    ");
}

#[test]
fn flags_that_exclude_each_other_are_an_error() {
    insta::assert_snapshot!(linted("a mug --v 7 --niji 6"), @r"
    error: `--niji` cannot be combined with `--v`
      a mug --v 7 --niji 6
                  ^^^^^^^^ excluded
      note: each of them selects the model
      help: leave `--v 7` or `--niji 6` out
    ");
    insta::assert_snapshot!(linted("a mug --cref https://x.test/a --oref https://x.test/b"), @r"
    error: `--oref` cannot be combined with `--cref`
      a mug --cref https://x.test/a --oref https://x.test/b
                                    ^^^^^^^^^^^^^^^^^^^^^^^ excluded
      note: no version has both
      help: leave `--cref https://x.test/a` or `--oref https://x.test/b` out
    ");
    insta::assert_snapshot!(linted("a mug --fast --turbo"), @r"
    warning: `--fast` repeats the mode
      a mug --fast --turbo
            ^^^^^^ not needed
      note: the task's mode is `fast`
      help: leave `--fast` out
    error: `--turbo` cannot be combined with `--fast`
      a mug --fast --turbo
                   ^^^^^^^ excluded
      note: each of them selects the speed
      help: leave `--fast` or `--turbo` out
    error: `--turbo` clashes with the mode `fast`
      a mug --fast --turbo
                   ^^^^^^^ the mode is different
      note: the service has the modes `fast` and `relaxed`
      help: leave `--turbo` out
    ");
    insta::assert_snapshot!(linted("a mug --raw --style raw"), @r"
    warning: `--raw` and `--style raw` mean the same
      a mug --raw --style raw
                  ^^^^^^^^^^^ again here
      help: leave one of them out
    ");
}

#[test]
fn a_flag_that_needs_something_is_found_without_it() {
    insta::assert_snapshot!(linted("a mug --iw 2"), @r"
    error: `--iw` without an image
      a mug --iw 2
            ^^^^^^ there is no image to weigh
      note: it sets the weight of the images at the start of the prompt
      help: start the prompt with the URL of an image, https://...
    ");
    insta::assert_snapshot!(linted("a mug --sw 100"), @r"
    warning: `--sw` has no effect without `--sref`
      a mug --sw 100
            ^^^^^^^^ there is no `--sref`
    ");
    insta::assert_snapshot!(linted("a mug --ow 100 --cw 100"), @r"
    warning: `--ow` has no effect without `--oref`
      a mug --ow 100 --cw 100
            ^^^^^^^^ there is no `--oref`
    warning: `--cw` has no effect without `--cref`
      a mug --ow 100 --cw 100
                     ^^^^^^^^ there is no `--cref`
    ");
}

#[test]
fn a_flag_that_the_version_does_not_have_is_a_warning() {
    insta::assert_snapshot!(linted("a mug --cref https://x.test/a --v 7"), @r"
    warning: `--cref` is not for version 7
      a mug --cref https://x.test/a --v 7
            ^^^^^^^^^^^^^^^^^^^^^^^ for V6
      help: version 7 knows `--oref`
    ");
    insta::assert_snapshot!(linted("a mug --v 6.1 --oref https://x.test/a"), @r"
    warning: `--oref` is not for version 6.1
      a mug --v 6.1 --oref https://x.test/a
                    ^^^^^^^^^^^^^^^^^^^^^^^ for V7 and newer
      help: version 6.1 knows `--cref`
    ");
    insta::assert_snapshot!(linted("a mug --q 4 --v 6"), @r"
    warning: `--q 4` is not for version 6
      a mug --q 4 --v 6
            ^^^^^ not with this model
      note: version 6 takes .25, .5, 1 or 2
    ");
    insta::assert_snapshot!(linted("a mug --q .5 --v 7"), @r"
    warning: `--q .5` is not for version 7
      a mug --q .5 --v 7
            ^^^^^^ not with this model
      note: version 7 takes 1, 2 or 4
    ");
    insta::assert_snapshot!(linted("a mug --draft --niji 6"), @r"
    warning: `--draft` is not for niji 6
      a mug --draft --niji 6
            ^^^^^^^ for V7 and newer
    ");
}

#[test]
fn the_speed_is_the_mode() {
    insta::assert_snapshot!(linted("a mug --relax"), @r"
    error: `--relax` clashes with the mode `fast`
      a mug --relax
            ^^^^^^^ the mode is different
      help: leave `--relax` out, or write `mode: relaxed`
    ");
    insta::assert_snapshot!(linted("a mug --turbo"), @r"
    error: `--turbo` clashes with the mode `fast`
      a mug --turbo
            ^^^^^^^ the mode is different
      note: the service has the modes `fast` and `relaxed`
      help: leave `--turbo` out
    ");
    insta::assert_snapshot!(linted("a mug --fast"), @r"
    warning: `--fast` repeats the mode
      a mug --fast
            ^^^^^^ not needed
      note: the task's mode is `fast`
      help: leave `--fast` out
    ");
    let relaxed = |prompt| shown(prompt, &lint(prompt, Mode::Relaxed));
    insta::assert_snapshot!(relaxed("a mug --fast"), @r"
    error: `--fast` clashes with the mode `relaxed`
      a mug --fast
            ^^^^^^ the mode is different
      help: leave `--fast` out, or write `mode: fast`
    ");
    insta::assert_snapshot!(relaxed("a mug --relax"), @r"
    warning: `--relax` repeats the mode
      a mug --relax
            ^^^^^^^ not needed
      note: the task's mode is `relaxed`
      help: leave `--relax` out
    ");
}

#[test]
fn a_repeat_is_never_sent() {
    insta::assert_snapshot!(linted("a mug --repeat 3"), @r"
    error: `--repeat` cannot be sent
      a mug --repeat 3
            ^^^^^^^^^^ starts several jobs for one task
      note: repeats are expanded before anything is sent: each becomes a task
    ");
}

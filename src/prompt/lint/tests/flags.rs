//! Messages on names, dashes and text behind flags.

use super::linted;

#[test]
fn an_unknown_flag_is_a_warning() {
    insta::assert_snapshot!(linted("a mug --stilize 250"), @r"
    warning: `--stilize` is not a flag known here
      a mug --stilize 250
            ^^^^^^^^^ unknown flag
      note: Midjourney adds flags now and then: it is sent as it is, and everything after it is its value
      help: did you mean `--stylize`?
    ");
    insta::assert_snapshot!(linted("a mug --motion low on linen"), @r"
    warning: `--motion` is not a flag known here
      a mug --motion low on linen
            ^^^^^^^^ unknown flag
      note: Midjourney adds flags now and then: it is sent as it is, and everything after it is its value
    ");
    insta::assert_snapshot!(linted("a mug --AR 1:1"), @r"
    warning: `--AR` is written in capitals
      a mug --AR 1:1
            ^^^^ flags are written in lowercase
      help: write `--ar`
    ");
}

#[test]
fn an_unknown_version_is_a_warning() {
    insta::assert_snapshot!(linted("a mug --v 9"), @r"
    warning: `--v 9` is a version not known here
      a mug --v 9
                ^ unknown version
      note: known are 1, 2, 3, 4, 5, 5.1, 5.2, 6, 6.1, 7, 8.1; it is sent as it is
    ");
    insta::assert_snapshot!(linted("a mug --niji 8"), @r"
    warning: `--niji 8` is a version not known here
      a mug --niji 8
                   ^ unknown version
      note: known are 4, 5, 6, 7; it is sent as it is
    ");
    insta::assert_snapshot!(linted("a mug --sref 12 --sv 7"), @r"
    warning: `--sv 7` is a version not known here
      a mug --sref 12 --sv 7
                           ^ unknown version
      note: known are 1, 2, 3, 4, 5, 6; it is sent as it is
    ");
}

#[test]
fn dashes_of_word_processors_are_found() {
    insta::assert_snapshot!(linted("a mug —ar 16:9"), @r"
    error: an em dash for `--` before `ar`
      a mug —ar 16:9
            ^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--ar 16:9`
    ");
    insta::assert_snapshot!(linted("a mug –ar 16x9 ––tile"), @r"
    error: an en dash for `--` before `ar`
      a mug –ar 16x9 ––tile
            ^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--ar 16x9`
    error: `--ar 16x9` is not an aspect ratio
      a mug –ar 16x9 ––tile
                ^^^^ not `width:height`
      note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      help: write `--ar 16:9`
    error: other dashes for `--` before `tile`
      a mug –ar 16x9 ––tile
                     ^^^^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--tile`
    ");
    insta::assert_snapshot!(linted("a mug - -ar 16:9"), @r"
    error: dashes and a space for `--` before `ar`
      a mug - -ar 16:9
            ^^^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--ar 16:9`
    ");
    insta::assert_snapshot!(linted("a mug -- ar 16:9"), @r"
    error: dashes and a space for `--` before `ar`
      a mug -- ar 16:9
            ^^^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--ar 16:9`
    ");
    insta::assert_snapshot!(linted("a mug ---ar 16:9"), @r"
    error: too many hyphens for `--` before `ar`
      a mug ---ar 16:9
            ^^^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--ar 16:9`
    ");
    insta::assert_snapshot!(linted("a mug -ar 16:9 −v 7"), @r"
    error: one hyphen for `--` before `ar`
      a mug -ar 16:9 −v 7
            ^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--ar 16:9`
    error: a minus sign for `--` before `v`
      a mug -ar 16:9 −v 7
                     ^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--v 7`
    ");
    insta::assert_snapshot!(linted("a mug --ar 16:9 —no text, hands"), @r"
    error: an em dash for `--` before `no`
      a mug --ar 16:9 —no text, hands
                      ^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--no text, hands`
    ");
    insta::assert_snapshot!(linted("a mug — ar 16:9 —tile"), @r"
    error: dashes and a space for `--` before `ar`
      a mug — ar 16:9 —tile
            ^^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--ar 16:9`
    error: an em dash for `--` before `tile`
      a mug — ar 16:9 —tile
                      ^^^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      help: write `--tile`
    ");
}

#[test]
fn a_word_that_could_be_prose_or_a_flag_is_a_warning() {
    insta::assert_snapshot!(linted("a bottle —no text"), @r"
    warning: an em dash before `no`, which is a flag's name
      a bottle —no text
               ^^^ a flag or text?
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      note: `--no` takes a list separated by commas, as in `text, hands`
      help: if the flag is meant, write `--no`
    ");
    insta::assert_snapshot!(linted("a room —style of 1920"), @r"
    warning: an em dash before `style`, which is a flag's name
      a room —style of 1920
             ^^^^^^ a flag or text?
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      note: `--style` takes one word, as in `raw`
      help: if the flag is meant, write `--style`
    ");
    insta::assert_snapshot!(linted("a road —stop 5 cars"), @r"
    warning: an em dash before `stop`, which is a flag's name
      a road —stop 5 cars
             ^^^^^ a flag or text?
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      note: `--stop` takes a whole number from 10 to 100
      help: if the flag is meant, write `--stop`
    ");
    insta::assert_snapshot!(linted("a mug -hd photograph"), @r"
    warning: one hyphen before `hd`, which is a flag's name
      a mug -hd photograph
            ^^^ a flag or text?
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
      note: `--hd` takes no value
      help: if the flag is meant, write `--hd`
    ");
}

#[test]
fn text_that_a_flag_would_swallow_is_an_error() {
    insta::assert_snapshot!(linted("a cup --ar 16:9 on a beach"), @r"
    error: text after `--ar 16:9`
      a cup --ar 16:9 on a beach
                      ^^^^^^^^^^ words after a flag are its value, so this is swallowed
      note: a prompt is image URLs, then text, then flags
      help: write `a cup on a beach --ar 16:9`
    ");
    insta::assert_snapshot!(linted("a cup --tile on a beach --v 7, at dusk"), @r"
    error: text after `--tile`
      a cup --tile on a beach --v 7, at dusk
                   ^^^^^^^^^^ words after a flag are its value, so this is swallowed
      note: a prompt is image URLs, then text, then flags
      help: write `a cup on a beach, at dusk --tile --v 7`
    error: text after `--v 7`
      a cup --tile on a beach --v 7, at dusk
                                   ^^^^^^^^^ words after a flag are its value, so this is swallowed
      note: a prompt is image URLs, then text, then flags
      help: write `a cup on a beach, at dusk --tile --v 7`
    ");
    insta::assert_snapshot!(linted("--ar 16:9 a cup"), @r"
    error: text after `--ar 16:9`
      --ar 16:9 a cup
                ^^^^^ words after a flag are its value, so this is swallowed
      note: a prompt is image URLs, then text, then flags
      help: write `a cup --ar 16:9`
    ");
    insta::assert_snapshot!(linted("a cup --sref 12 34 in this style"), @r"
    error: text after `--sref 12 34`
      a cup --sref 12 34 in this style
                         ^^^^^^^^^^^^^ words after a flag are its value, so this is swallowed
      note: a prompt is image URLs, then text, then flags
      help: write `a cup in this style --sref 12 34`
    ");
    insta::assert_snapshot!(linted("a cup --ar 16x9 on a beach"), @r"
    error: `--ar 16x9` is not an aspect ratio
      a cup --ar 16x9 on a beach
                 ^^^^ not `width:height`
      note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      help: write `--ar 16:9`
    error: text after `--ar 16x9`
      a cup --ar 16x9 on a beach
                      ^^^^^^^^^^ words after a flag are its value, so this is swallowed
      note: a prompt is image URLs, then text, then flags
      help: write `a cup on a beach --ar 16x9`
    ");
    insta::assert_snapshot!(linted("a cup --style raw photograph"), @r"
    error: text after `--style raw`
      a cup --style raw photograph
                        ^^^^^^^^^^ words after a flag are its value, so this is swallowed
      note: a prompt is image URLs, then text, then flags
      help: write `a cup photograph --style raw`
    ");
    insta::assert_snapshot!(linted("a cup --p on a beach"), @r"
    warning: `on` is probably not a profile code
      a cup --p on a beach
                ^^ words after a flag are its value
      note: `--p` takes codes of profiles or moodboards, or nothing
    ");
    let long = linted(&format!("a cup {}--ar 16:9 on a beach", "on linen ".repeat(30)));
    assert!(long.ends_with("help: move it before the first flag"), "{long}");
}

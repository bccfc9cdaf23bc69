//! Messages on the text before the flags.

use super::super::lint;
use super::linted;
use crate::task::Mode;

#[test]
fn a_prompt_has_text() {
    let empty = lint(" ", Mode::Fast);
    assert_eq!(
        (empty.len(), empty[0].message.as_str(), empty[0].span.clone()),
        (1, "the prompt is empty", 0..0)
    );
    insta::assert_snapshot!(linted("  --ar 1:1"), @r"
    error: the prompt has flags and no text
        --ar 1:1
        ^^^^ nothing before this
    ");
    insta::assert_snapshot!(linted("https://x.test/a.png --ar 1:1"), @r"
    warning: one image and no text
      https://x.test/a.png --ar 1:1
      ^^^^^^^^^^^^^^^^^^^^ nothing is said of it
      note: Midjourney asks for a text beside an image, or for two images
    ");
}

#[test]
fn images_come_first_and_have_no_blanks_or_commas() {
    insta::assert_snapshot!(linted("a mug https://x.test/a.png on linen --ar 1:1"), @r"
    error: an image address after text
      a mug https://x.test/a.png on linen --ar 1:1
            ^^^^^^^^^^^^^^^^^^^^ images belong at the start
      note: a prompt is image addresses, then text, then flags
      help: put it first: `https://x.test/a.png a mug on linen`
    ");
    insta::assert_snapshot!(linted("a shop sign that reads https://shop.test"), @r"
    warning: an address in the text
      a shop sign that reads https://shop.test
                             ^^^^^^^^^^^^^^^^^ if it is an image, it belongs at the start
      note: a prompt is image addresses, then text, then flags
    ");
    insta::assert_snapshot!(linted("https://x.test/red mug.png a mug"), @r"
    error: a blank in the address of an image
      https://x.test/red mug.png a mug
      ^^^^^^^^^^^^^^^^^^^^^^^^^^ the address ends at the first blank
      help: write `https://x.test/red%20mug.png`
    ");
    insta::assert_snapshot!(linted("https://x.test/a.png, a mug"), @r"
    warning: a comma after the address of an image
      https://x.test/a.png, a mug
                          ^ read as part of the address
      note: addresses are separated by blanks alone
      help: write `https://x.test/a.png`
    ");
}

#[test]
fn what_is_left_out_is_a_list_with_commas() {
    insta::assert_snapshot!(linted("a mug --no text,, hands,"), @r"
    warning: `--no text,, hands,` has an empty entry
      a mug --no text,, hands,
                 ^^^^^^^^^^^^^ a comma too many
      help: write `--no text, hands`
    ");
    insta::assert_snapshot!(linted("a mug --no no text, hands"), @r"
    warning: `--no no text, hands` says no twice
      a mug --no no text, hands
                 ^^^^^^^^^^^^^^ what is named here is left out of the picture
      help: write `--no text, hands`
    ");
}

#[test]
fn weights_are_numbers_and_add_up_to_more_than_zero() {
    insta::assert_snapshot!(linted("hot::2x dog"), @r"
    warning: `2x` is not a weight
      hot::2x dog
         ^^^^ read as text
      note: a weight is a number right after `::`, as in `::2` or `::-.5`
    ");
    insta::assert_snapshot!(linted("hot::1 dog::-1"), @r"
    error: the weights add up to 0
      hot::1 dog::-1
                ^^^^ the last one below zero
      note: the sum of all weights must be more than zero
    ");
    insta::assert_snapshot!(linted("hot::-2 dog"), @r"
    error: the weights add up to -1
      hot::-2 dog
         ^^^^ the last one below zero
      note: the sum of all weights must be more than zero
    ");
}

#[test]
fn all_is_found_at_once_in_the_order_of_the_text() {
    insta::assert_snapshot!(linted("https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo"), @r"
    error: a blank in the address of an image
      https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo
      ^^^^^^^^^^^^^^^^^^^^^^ the address ends at the first blank
      help: write `https://x.test/a%20b.png`
    error: an em dash for `--` before `ar`
      https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo
                             ^^^ perhaps not read as a flag
      note: a flag begins with two plain hyphens; only Midjourney's own bot is known to mend an em dash
      help: write `--ar 16x9`
    error: `--ar 16x9` is not an aspect ratio
      https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo
                                 ^^^^ not `width:height`
      note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      help: write `--ar 16:9`
    error: `--chaos 500` is out of range
      https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo
                                              ^^^ out of range
      note: `--chaos` takes a whole number from 0 to 100
      help: write `--chaos 100`
    error: `--relax` clashes with the mode `fast`
      https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo
                                                  ^^^^^^^ the mode says otherwise
      help: leave `--relax` out, or write `mode: relaxed`
    warning: `--foo` is not a flag known here
      https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo
                                                          ^^^^^ unknown flag
      note: Midjourney adds flags now and then: it is sent as it is, and all behind it is its value
    ");
}

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
        ^^^^ no text before this
    ");
    insta::assert_snapshot!(linted("https://x.test/a.png --ar 1:1"), @r"
    warning: one image and no text
      https://x.test/a.png --ar 1:1
      ^^^^^^^^^^^^^^^^^^^^ the image has no text
      note: Midjourney requires text with a single image, or at least two images
    ");
}

#[test]
fn images_come_first_and_have_no_spaces_or_commas() {
    insta::assert_snapshot!(linted("a mug https://x.test/a.png on linen --ar 1:1"), @r"
    error: an image URL after text
      a mug https://x.test/a.png on linen --ar 1:1
            ^^^^^^^^^^^^^^^^^^^^ images belong at the start
      note: a prompt is image URLs, then text, then flags
      help: put it first: `https://x.test/a.png a mug on linen`
    ");
    insta::assert_snapshot!(linted("a shop sign that reads https://shop.test"), @r"
    warning: a URL in the text
      a shop sign that reads https://shop.test
                             ^^^^^^^^^^^^^^^^^ if it is an image, it belongs at the start
      note: a prompt is image URLs, then text, then flags
    ");
    insta::assert_snapshot!(linted("https://x.test/red mug.png a mug"), @r"
    error: a space in the URL of an image
      https://x.test/red mug.png a mug
      ^^^^^^^^^^^^^^^^^^^^^^^^^^ the URL ends at the first space
      help: write `https://x.test/red%20mug.png`
    ");
    insta::assert_snapshot!(linted("https://x.test/a.png, a mug"), @r"
    warning: a comma after the URL of an image
      https://x.test/a.png, a mug
                          ^ read as part of the URL
      note: URLs are separated by spaces only
      help: write `https://x.test/a.png`
    ");
}

#[test]
fn exclusions_are_a_list_separated_by_commas() {
    insta::assert_snapshot!(linted("a mug --no text,, hands,"), @r"
    warning: `--no text,, hands,` has an empty entry
      a mug --no text,, hands,
                 ^^^^^^^^^^^^^ an extra comma
      help: write `--no text, hands`
    ");
    insta::assert_snapshot!(linted("a mug --no no text, hands"), @r"
    warning: `--no no text, hands` negates twice
      a mug --no no text, hands
                 ^^^^^^^^^^^^^^ the image leaves out whatever is listed here
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
                ^^^^ the last negative weight
      note: the sum of all weights must be greater than 0
    ");
    insta::assert_snapshot!(linted("hot::-2 dog"), @r"
    error: the weights add up to -1
      hot::-2 dog
         ^^^^ the last negative weight
      note: the sum of all weights must be greater than 0
    ");
}

#[test]
fn all_findings_are_reported_in_the_order_of_the_text() {
    insta::assert_snapshot!(linted("https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo"), @r"
    error: a space in the URL of an image
      https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo
      ^^^^^^^^^^^^^^^^^^^^^^ the URL ends at the first space
      help: write `https://x.test/a%20b.png`
    error: an em dash for `--` before `ar`
      https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo
                             ^^^ probably not read as a flag
      note: a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash
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
                                                  ^^^^^^^ the mode is different
      help: leave `--relax` out, or write `mode: relaxed`
    warning: `--foo` is not a flag known here
      https://x.test/a b.png —ar 16x9 --chaos 500 --relax --foo
                                                          ^^^^^ unknown flag
      note: Midjourney adds flags now and then: it is sent as it is, and everything after it is its value
    ");
}

//! Messages on values.

use super::linted;

#[test]
fn a_value_out_of_range_is_an_error() {
    insta::assert_snapshot!(linted("a mug --chaos 150"), @r"
    error: `--chaos 150` is out of range
      a mug --chaos 150
                    ^^^ out of range
      note: `--chaos` takes a whole number from 0 to 100
      help: write `--chaos 100`
    ");
    insta::assert_snapshot!(linted("a mug --s -1"), @r"
    error: `--s -1` is out of range
      a mug --s -1
                ^^ out of range
      note: `--s` takes a whole number from 0 to 1000
      help: write `--s 0`
    ");
    insta::assert_snapshot!(linted("a mug --stop 5 --ar 1:1"), @r"
    error: `--stop 5` is out of range
      a mug --stop 5 --ar 1:1
                   ^ out of range
      note: `--stop` takes a whole number from 10 to 100
      help: write `--stop 10`
    ");
    insta::assert_snapshot!(linted("a mug --seed 4294967296"), @r"
    error: `--seed 4294967296` is out of range
      a mug --seed 4294967296
                   ^^^^^^^^^^ out of range
      note: `--seed` takes a whole number from 0 to 4294967295
      help: write `--seed 4294967295`
    ");
    insta::assert_snapshot!(linted("https://x.test/a.png a mug --iw 3.5"), @r"
    error: `--iw 3.5` is out of range
      https://x.test/a.png a mug --iw 3.5
                                      ^^^ out of range
      note: `--iw` takes a number from 0 to 3
      help: write `--iw 3`
    ");
    insta::assert_snapshot!(linted("a mug --q 3"), @r"
    error: `--q 3` is not a legal value
      a mug --q 3
                ^ not one of the values
      note: `--q` takes .25, .5, 1, 2 or 4
    ");
}

#[test]
fn an_aspect_ratio_is_mended() {
    insta::assert_snapshot!(linted("a mug --ar 16x9"), @r"
    error: `--ar 16x9` is not an aspect ratio
      a mug --ar 16x9
                 ^^^^ not `width:height`
      note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      help: write `--ar 16:9`
    ");
    insta::assert_snapshot!(linted("a mug --ar 1.5:1"), @r"
    error: `--ar 1.5:1` is not an aspect ratio
      a mug --ar 1.5:1
                 ^^^^^ not `width:height`
      note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      help: write `--ar 3:2`
    ");
    insta::assert_snapshot!(linted("a mug --ar 1.91:1"), @r"
    error: `--ar 1.91:1` is not an aspect ratio
      a mug --ar 1.91:1
                 ^^^^^^ not `width:height`
      note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      help: write `--ar 191:100`
    ");
    insta::assert_snapshot!(linted("a mug --aspect 16 : 9 --tile"), @r"
    error: `--aspect 16 : 9` is not an aspect ratio
      a mug --aspect 16 : 9 --tile
                     ^^^^^^ not `width:height`
      note: `--aspect` takes two whole numbers from 1 up, as in `16:9`
      help: write `--aspect 16:9`
    ");
    insta::assert_snapshot!(linted("a mug --ar square"), @r"
    error: `--ar square` is not an aspect ratio
      a mug --ar square
                 ^^^^^^ not `width:height`
      note: `--ar` takes two whole numbers from 1 up, as in `16:9`
    ");
    insta::assert_snapshot!(linted("a mug --ar 0:1"), @r"
    error: `--ar 0:1` is not an aspect ratio
      a mug --ar 0:1
                 ^^^ not `width:height`
      note: `--ar` takes two whole numbers from 1 up, as in `16:9`
    ");
}

#[test]
fn a_value_of_the_wrong_form_is_an_error() {
    insta::assert_snapshot!(linted("a mug --chaos high"), @r"
    error: `--chaos high` is not a whole number
      a mug --chaos high
                    ^^^^ not a whole number
      note: `--chaos` takes a whole number from 0 to 100
    ");
    insta::assert_snapshot!(linted("a mug --stylize 1,000"), @r"
    error: `--stylize 1,000` is not a whole number
      a mug --stylize 1,000
                      ^^^^^ not a whole number
      note: `--stylize` takes a whole number from 0 to 1000
      help: write `--stylize 1000`
    ");
    insta::assert_snapshot!(linted("a mug --weird 50%"), @r"
    error: `--weird 50%` is not a whole number
      a mug --weird 50%
                    ^^^ not a whole number
      note: `--weird` takes a whole number from 0 to 3000
      help: write `--weird 50`
    ");
    insta::assert_snapshot!(linted("a mug --s 2.5"), @r"
    error: `--s 2.5` is not a whole number
      a mug --s 2.5
                ^^^ not a whole number
      note: `--s` takes a whole number from 0 to 1000
    ");
    insta::assert_snapshot!(linted("a mug --q high"), @r"
    error: `--q high` is not a number
      a mug --q high
                ^^^^ not a number
      note: `--q` takes .25, .5, 1, 2 or 4
    ");
    insta::assert_snapshot!(linted("a mug --v V6"), @r"
    error: `--v V6` is not a version
      a mug --v V6
                ^^ not a number
      note: `--v` takes 1, 2, 3, 4, 5, 5.1, 5.2, 6, 6.1, 7 or 8.1
      help: write `--v 6`
    ");
    insta::assert_snapshot!(linted("a mug --v latest"), @r"
    error: `--v latest` is not a version
      a mug --v latest
                ^^^^^^ not a number
      note: `--v` takes 1, 2, 3, 4, 5, 5.1, 5.2, 6, 6.1, 7 or 8.1
    ");
    insta::assert_snapshot!(linted("a mug --oref mug.png"), @r"
    error: `--oref mug.png` is not a URL
      a mug --oref mug.png
                   ^^^^^^^ not a URL
      note: `--oref` takes the URL of an image, https://...
    ");
    insta::assert_snapshot!(linted("a mug --sref moody"), @r"
    warning: `--sref moody` is not a URL or a style code
      a mug --sref moody
                   ^^^^^ not a URL or a style code
      note: `--sref` takes URLs of images, style codes or `random`
    ");
}

#[test]
fn a_missing_value_is_an_error() {
    insta::assert_snapshot!(linted("a mug --ar"), @r"
    error: `--ar` has no value
      a mug --ar
            ^^^^ a value is missing
      note: `--ar` takes two whole numbers from 1 up, as in `16:9`
    ");
    insta::assert_snapshot!(linted("a mug --no --ar 1:1"), @r"
    error: `--no` has no value
      a mug --no --ar 1:1
            ^^^^ a value is missing
      note: `--no` takes a list separated by commas, as in `text, hands`
    ");
    insta::assert_snapshot!(linted("a mug --niji"), @r"
    warning: `--niji` has no value
      a mug --niji
            ^^^^^^ a value is missing
      note: `--niji` takes 4, 5, 6 or 7
    ");
    insta::assert_snapshot!(linted("a mug --no ,"), @r"
    error: `--no` has no value
      a mug --no ,
            ^^^^ a value is missing
      note: `--no` takes a list separated by commas, as in `text, hands`
    ");
}

#[test]
fn a_flag_without_a_value_is_given_none() {
    insta::assert_snapshot!(linted("a mug --tile true"), @r"
    error: `--tile` is given a value
      a mug --tile true
                   ^^^^ unexpected
      note: `--tile` takes no value
      help: write `--tile`
    ");
    insta::assert_snapshot!(linted("a mug --raw false"), @r"
    error: `--raw` is given a value
      a mug --raw false
                  ^^^^^ unexpected
      note: `--raw` takes no value
      help: leave `--raw` out
    ");
    insta::assert_snapshot!(linted("a mug --draft 1 --ar 1:1"), @r"
    error: `--draft` is given a value
      a mug --draft 1 --ar 1:1
                    ^ unexpected
      note: `--draft` takes no value
      help: write `--draft`
    ");
}

#[test]
fn punctuation_and_missing_spaces_are_found() {
    insta::assert_snapshot!(linted("a mug --ar 16:9, --tile"), @r"
    error: punctuation after `--ar 16:9`
      a mug --ar 16:9, --tile
                     ^ unexpected
      note: flags are separated by spaces only
      help: write `--ar 16:9`
    ");
    insta::assert_snapshot!(linted("a mug --tile, --ar 16:9."), @r"
    error: punctuation after `--tile`
      a mug --tile, --ar 16:9.
                  ^ unexpected
      note: flags are separated by spaces only
      help: write `--tile`
    error: punctuation after `--ar 16:9`
      a mug --tile, --ar 16:9.
                             ^ unexpected
      note: flags are separated by spaces only
      help: write `--ar 16:9`
    ");
    insta::assert_snapshot!(linted("a mug --ar=16:9"), @r"
    error: no space between `--ar` and its value
      a mug --ar=16:9
            ^^^^^^^^^ read as one name
      help: write `--ar 16:9`
    ");
    insta::assert_snapshot!(linted("a mug --ar16:9 --s250 --v6.1"), @r"
    error: no space between `--ar` and its value
      a mug --ar16:9 --s250 --v6.1
            ^^^^^^^^ read as one name
      help: write `--ar 16:9`
    error: no space between `--s` and its value
      a mug --ar16:9 --s250 --v6.1
                     ^^^^^^ read as one name
      help: write `--s 250`
    error: no space between `--v` and its value
      a mug --ar16:9 --s250 --v6.1
                            ^^^^^^ read as one name
      help: write `--v 6.1`
    ");
    insta::assert_snapshot!(linted("a mug --sref 12, 34"), @r"
    error: punctuation after `--sref 12`
      a mug --sref 12, 34
                     ^ unexpected
      note: flags are separated by spaces only
      help: write `--sref 12 34`
    ");
}

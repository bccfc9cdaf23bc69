//! Messages about data files and tables.

use super::*;

#[test]
fn data_that_cannot_be_loaded_is_reported() {
    let entry = |path: &str| format!("version: 1\nprompts:\n  - prompt: '{{{{ sku }}}}'\n    data: {path}\n");
    insta::assert_snapshot!(beside(b"", &entry("prodcts.csv")), @r"
    error: there is no data file `prodcts.csv`
     --> spring.yaml:4:11
      |
    4 |     data: prodcts.csv
      |           ^^^^^^^^^^^ looked for in the manifest's folder
      |
      = note: nothing was submitted
      = help: did you mean `products.csv`?
    ");
    insta::assert_snapshot!(beside(b"", &entry("folder")), @r"
    error: the data file `folder` cannot be read: it is a folder
     --> spring.yaml:4:11
      |
    4 |     data: folder
      |           ^^^^^^ named here
      |
      = note: nothing was submitted
    ");
    insta::assert_snapshot!(beside(b"", &entry("products.csv")), @r"
    error: the data file is empty
     --> products.csv:1:1
      |
    1 |
      | ^
      |
      = note: nothing was submitted
    ");
    insta::assert_snapshot!(beside(b"sku,name\n", &entry("products.csv")), @r"
    error: the table has no rows
     --> products.csv:1:9
      |
    1 | sku,name
      |         ^ expected rows after the header
      |
      = note: nothing was submitted
    ");
    insta::assert_snapshot!(beside(b"sku,name\na,b,c\nd\n", &entry("products.csv")), @r#"
    error: a row of 3 cells in a table of 2 columns
     --> products.csv:2:5
      |
    2 | a,b,c
      |     ^ this is beyond the last column
      |
      = help: a cell with `,` in it needs quotes around it: "..."

    error: a row of 1 cells in a table of 2 columns
     --> products.csv:3:2
      |
    3 | d
      |  ^ the row ends here
      |
      = help: write the separators of the empty cells too

    error: nothing was submitted: 2 errors
    "#);
    insta::assert_snapshot!(beside(b"sku,sku\na,b\n", &entry("products.csv")), @r"
    error: two columns have the name `sku`
     --> products.csv:1:5
      |
    1 | sku,sku
      |     ^^^ here again
      |
     ::: products.csv:1:1
      |
    1 | sku,sku
      | --- first here
      |
      = note: nothing was submitted
      = help: rename or remove one of them
    ");
    insta::assert_snapshot!(beside(b"sku\n\xff\n", &entry("products.csv")), @r#"
    error: the file is not UTF-8
     --> products.csv:2:1
      |
    2 | �
      | ^ the byte 0xff
      |
      = note: it is byte 5 of the file
      = note: nothing was submitted
      = help: save it as UTF-8; in Excel, as "CSV UTF-8 (Comma delimited)"
    "#);
    insta::assert_snapshot!(beside(b"SKU,name\na,b\n", &entry("products.csv")), @r"
    error: there is no variable `sku`
     --> spring.yaml:3:17
      |
    3 |   - prompt: '{{ sku }}'
      |                 ^^^ used here
      |
      = note: the variables here are `SKU`, `name`
      = note: nothing was submitted
      = help: did you mean `SKU`?
    ");
    insta::assert_snapshot!(beside(b"sku\na\n", &entry("products.csv\n    matrix: { sku: [b] }")), @r"
    error: the data has a column `sku` as well
     --> spring.yaml:5:15
      |
    5 |     matrix: { sku: [b] }
      |               ^^^ both would define this variable
      |
      = note: nothing was submitted
      = help: give the list another name
    ");
}

#[test]
fn a_column_that_is_named_as_a_flag_is_warned_of() {
    insta::assert_snapshot!(warnings("m.csv", "prompt,AR\na mug,16:9\n"), @r"
    warning: the column `AR` is a variable that no prompt uses
     --> m.csv:1:8
      |
    1 | prompt,AR
      |        ^^ not sent
      |
      = help: name it `--ar` if the flag is meant
    ");
    assert_eq!(warnings("m.csv", "prompt,ar\na mug --ar {{ ar }},16:9\n"), "");
}

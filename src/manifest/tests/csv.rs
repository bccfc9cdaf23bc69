//! CSV tables: what is read, and every message.

use super::*;

fn errors(text: impl AsRef<[u8]>) -> String {
    super::errors("products.csv", text)
}

#[test]
fn a_spreadsheets_table_is_read() {
    let text = "\u{feff}ID; Prompt ;Mode;timeout;SKU;Grösse;\r\n\
                mug;\"a mug;\r\n  on \"\"linen\"\"\";Relax;;007;5\" hoch;\r\n\
                \r\n\
                ;;;;;;\r\n\
                ;a pen;;900;\" 1e3 \";;\r\n";
    insta::assert_snapshot!(table(&manifest("products.csv", text)), @r#"
    columns: timeout, SKU, Grösse
    mug | a mug; on "linen" | relaxed | - | , 007, 5" hoch;
    a-pen-93769a8d8d94 | a pen | fast | 900 | 900,  1e3 , ;
    "#);
}

#[test]
fn tabs_and_a_declared_separator_are_understood() {
    insta::assert_snapshot!(table(&manifest("a.tsv", "prompt\tsku\na mug, red\t1\n")), @r"
    columns: sku
    a-mug-red-d80b9db813ae | a mug, red | fast | - | 1;
    ");
    insta::assert_snapshot!(table(&manifest("a.csv", "sep=;\r\nprompt;sku\r\na mug, red;1\r\n")), @r"
    columns: sku
    a-mug-red-d80b9db813ae | a mug, red | fast | - | 1;
    ");
    insta::assert_snapshot!(table(&manifest("a.csv", "prompt\ra mug\ra pen")), @r"
    columns: 
    a-mug-ca804849706e | a mug | fast | - | ;
    a-pen-93769a8d8d94 | a pen | fast | - | ;
    ");
}

#[test]
fn a_table_without_tasks_is_refused() {
    insta::assert_snapshot!(errors(""), @r"
    error: the manifest is empty
     --> products.csv:1:1
      |
    1 |
      | ^
      |
      = note: nothing was submitted
      = help: the smallest table is
              prompt,mode
              a ceramic mug on grey linen --ar 1:1,fast
    ");
    insta::assert_snapshot!(errors("\r\n ,, \r\n"), @r"
    error: the manifest is empty
     --> products.csv:1:1
      |
    1 |
      | ^
      |
      = note: nothing was submitted
      = help: the smallest table is
              prompt,mode
              a ceramic mug on grey linen --ar 1:1,fast
    ");
    insta::assert_snapshot!(errors("id,prompt\n\n"), @r"
    error: the table has no rows
     --> products.csv:1:10
      |
    1 | id,prompt
      |          ^ expected rows after the header
      |
      = note: nothing was submitted
      = help: the smallest table is
              prompt,mode
              a ceramic mug on grey linen --ar 1:1,fast
    ");
}

#[test]
fn a_table_without_a_prompt_column_lists_what_it_has() {
    insta::assert_snapshot!(errors("id,promt,mode\na,b,fast\n"), @r"
    error: the table has no column `prompt`
     --> products.csv:1:4
      |
    1 | id,promt,mode
      |    ^^^^^ the first row names the columns
      |
      = note: the columns are `id`, `promt`, `mode`
      = note: nothing was submitted
      = help: rename `promt` to `prompt`
    ");
    insta::assert_snapshot!(errors("a mug on linen,fast\n"), @r"
    error: the table has no column `prompt`
     --> products.csv:1:1
      |
    1 | a mug on linen,fast
      | ^^^^^^^^^^^^^^^^^^^ the first row names the columns
      |
      = note: the columns are `a mug on linen`, `fast`
      = note: nothing was submitted
      = help: name the column that holds the prompts `prompt`
    ");
    let wide: Vec<String> = (1..=30).map(|i| format!("c{i}")).collect();
    insta::assert_snapshot!(errors(wide.join(",")), @r"
    error: the table has no column `prompt`
     --> products.csv:1:1
      |
    1 | c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,c16,c17,c18,c19,c20,c21,c22,c23,c24,c25,c26,c27,c28,c29,c30
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ the first row names the columns
      |
      = note: the columns are `c1`, `c2`, `c3`, `c4`, `c5`, `c6`, `c7`, `c8`, `c9`, `c10`, `c11`, `c12` and 18 more
      = note: nothing was submitted
      = help: name the column that holds the prompts `prompt`
    ");
}

#[test]
fn cells_have_places_also_after_quoted_line_breaks() {
    insta::assert_snapshot!(errors("id,prompt,mode,timeout\n\
        a,\"a mug\non linen\n, red\",slow,\n\
        b, \"\" ,fast, 5 \n\
        \"c\nd\",\"a cup\nin {red, blue}\",fast,\n"), @r#"
    error: `slow` is not a mode
     --> products.csv:4:8
      |
    4 | , red",slow,
      |        ^^^^ expected `fast`, `relaxed` or `auto`
      |
      = note: `fast` takes about a minute per job and costs more, `relaxed` takes up to ten, `auto` decides by the `deadline`

    error: a timeout of 5 seconds is out of range
     --> products.csv:5:14
      |
    5 | b, "" ,fast, 5 
      |              ^ expected 300 to 1200 seconds
      |
      = note: the service waits 600 seconds for a job unless a timeout is given

    error: the id holds a line break or another control character
     --> products.csv:6:1
      |
    6 | "c
      | ^^ in this text

    warning: the quotes around this prompt are sent with it
     --> products.csv:5:4
      |
    5 | b, "" ,fast, 5 
      |    ^^ a quote after a space is text
      |
      = help: remove the space before the first quote

    error: nothing was submitted: 3 errors
    "#);
}

#[test]
fn columns_must_have_different_names() {
    insta::assert_snapshot!(errors("prompt,sku,Prompt, SKU\na,b,c,d\n"), @r"
    error: two columns have the name `Prompt`
     --> products.csv:1:12
      |
    1 | prompt,sku,Prompt, SKU
      |            ^^^^^^ here again
      |
     ::: products.csv:1:1
      |
    1 | prompt,sku,Prompt, SKU
      | ------ first here
      |
      = help: rename or remove one of them

    error: two columns have the name `SKU`
     --> products.csv:1:20
      |
    1 | prompt,sku,Prompt, SKU
      |                    ^^^ here again
      |
     ::: products.csv:1:8
      |
    1 | prompt,sku,Prompt, SKU
      |        --- first here
      |
      = help: rename or remove one of them

    error: nothing was submitted: 2 errors
    ");
    insta::assert_snapshot!(errors("prompt,,sku\na,stray,b\n"), @r"
    error: a value in a column without a name
     --> products.csv:2:3
      |
    2 | a,stray,b
      |   ^^^^^ this belongs to no column
      |
      = note: nothing was submitted
      = help: give the column a name in the first row, or empty this cell
    ");
}

#[test]
fn quotes_after_a_space_are_warned_of() {
    insta::assert_snapshot!(warnings("a.csv", "id,prompt,sku\na, \"a mug\",1\nb,\" a \"\"red\"\" mug\",\n"), @r#"
    warning: the quotes around this prompt are sent with it
     --> a.csv:2:4
      |
    2 | a, "a mug",1
      |    ^^^^^^^ a quote after a space is text
      |
      = help: remove the space before the first quote
    "#);
}

#[test]
fn ragged_rows_are_reported_with_what_makes_them_so() {
    insta::assert_snapshot!(errors("id;prompt;mode\na;a mug; red;fast\nb;a pen\n"), @r#"
    error: a row of 4 cells in a table of 3 columns
     --> products.csv:2:14
      |
    2 | a;a mug; red;fast
      |              ^^^^ this is beyond the last column
      |
      = help: a cell with `;` in it needs quotes around it: "..."

    error: a row of 2 cells in a table of 3 columns
     --> products.csv:3:8
      |
    3 | b;a pen
      |        ^ the row ends here
      |
      = help: write the separators of the empty cells too

    error: nothing was submitted: 2 errors
    "#);
}

#[test]
fn a_quote_that_is_never_closed_is_reported_where_it_opens() {
    insta::assert_snapshot!(errors("id,prompt\na,a mug\nb,\"a pen\nc,a cup\n"), @r#"
    error: a quote that is never closed
     --> products.csv:3:3
      |
    3 | b,"a pen
      |   ^ the cell that starts here goes on to the end of the file
      |
      = note: nothing was submitted
      = help: close the cell with another `"`, and write `""` for a quote within it
    "#);
}

#[test]
fn two_rows_with_one_id_are_reported_with_both_places() {
    insta::assert_snapshot!(errors("id,prompt\nx,\"a\nb\"\ny,c\nx,d\n"), @r#"
    error: two rows have the id `x`
     --> products.csv:5:1
      |
    5 | x,d
      | ^ here again
      |
     ::: products.csv:2:1
      |
    2 | x,"a
      | - first here
      |
      = note: nothing was submitted
      = help: give one of them another id
    "#);
}

#[test]
fn takes_are_warned_of() {
    insta::assert_snapshot!(warnings("products.csv", "prompt,sku\na mug,1\na pen,2\na mug,3\na mug,4\n"), @r"
    warning: 3 rows have the same prompt: they are takes, and each is billed
     --> products.csv:4:1
      |
    4 | a mug,3
      | ^^^^^ take 2
      |
     ::: products.csv:2:1
      |
    2 | a mug,1
      | ----- take 1
      |
      = help: give each its own id if they are intended, or remove them
    ");
}

#[test]
fn columns_with_reserved_names_get_another_name() {
    let text = "id,prompt,status,TASK_ID\na,b,c,d\n";
    assert_eq!(manifest("a.csv", text).columns, ["manifest_status", "manifest_TASK_ID"]);
    insta::assert_snapshot!(warnings("a.csv", text), @r"
    warning: the results have a column `status` of their own
     --> a.csv:1:11
      |
    1 | id,prompt,status,TASK_ID
      |           ^^^^^^ kept as `manifest_status`

    warning: the results have a column `TASK_ID` of their own
     --> a.csv:1:18
      |
    1 | id,prompt,status,TASK_ID
      |                  ^^^^^^^ kept as `manifest_TASK_ID`
    ");
}

#[test]
fn a_file_in_another_encoding_is_reported_with_line_and_byte() {
    insta::assert_snapshot!(errors(b"id,prompt\na,a caf\xe9 table\nb,c\n"), @r#"
    error: the file is not UTF-8
     --> products.csv:2:8
      |
    2 | a,a caf� table
      |        ^ the byte 0xe9
      |
      = note: it is byte 18 of the file
      = note: nothing was submitted
      = help: save it as UTF-8; in Excel, as "CSV UTF-8 (Comma delimited)"
    "#);
    insta::assert_snapshot!(errors(b"\xff\xfei\0d\0\n\0"), @r#"
    error: the file is UTF-16, not UTF-8
     --> products.csv:1:1
      |
    1 | ��i␀d␀
      | ^ the byte 0xff
      |
      = note: it is byte 1 of the file
      = note: nothing was submitted
      = help: save it as UTF-8; in Excel, as "CSV UTF-8 (Comma delimited)"
    "#);
    insta::assert_snapshot!(errors(b"\xef\xbb\xbfprompt\n\xff"), @r#"
    error: the file is not UTF-8
     --> products.csv:2:1
      |
    2 | �
      | ^ the byte 0xff
      |
      = note: it is byte 11 of the file
      = note: nothing was submitted
      = help: save it as UTF-8; in Excel, as "CSV UTF-8 (Comma delimited)"
    "#);
}

#[test]
fn a_million_errors_are_counted_and_twenty_shown() {
    let text = format!("prompt,mode\n{}", "a,slow\n".repeat(5000));
    let text = errors(text);
    assert_eq!(text.matches("is not a mode").count(), 20);
    assert!(
        text.ends_with("\n\nerror: nothing was submitted: 5000 errors\n |\n = note: and 4980 more errors\n")
    );
}

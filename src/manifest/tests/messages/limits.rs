//! Messages about how many tasks a manifest may expand to.

use super::*;

#[test]
fn more_than_a_thousand_multiplied_tasks_need_max_tasks() {
    let list = |n: usize| (0..n).map(|i| format!("s{i}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "
  - id: hero
    prompt: '{{{{ a }}}} {{{{ b }}}} {{x, y}}'
    matrix:
      a: [{}]
      b: [{}]
    repeat: 3
  - id: other
    prompt: '{{{{ c }}}}'
    matrix: {{ c: [a, b, d] }}
",
        list(20),
        list(30)
    );
    insta::assert_snapshot!(of_entry(&text), @r"
    error: the manifest expands to 3603 tasks; set `max_tasks` to allow more than 1000
     --> spring.yaml:6:5
      |
    6 |     matrix:
      |     ^^^^^^ 20 as × 30 bs × 2 permutations × 3 takes = 3600
      |
      = note: nothing was submitted
      = help: to allow them, set:
              batch:
                max_tasks: 3603
    ");
    insta::assert_snapshot!(errors(&format!("batch: {{ max_tasks: 100 }}\nprompts:\n{text}")), @r"
    error: the manifest expands to 3603 tasks; `max_tasks` allows 100
     --> spring.yaml:7:5
      |
    7 |     matrix:
      |     ^^^^^^ 20 as × 30 bs × 2 permutations × 3 takes = 3600
      |
      = note: nothing was submitted
      = help: to allow them, set:
              batch:
                max_tasks: 3603
    ");
    assert_eq!(
        manifest("m.yaml", &format!("version: 1\nbatch: {{ max_tasks: 3603 }}\nprompts:\n{text}")).len(),
        3603
    );
    let rows = format!("prompt,repeat\n{}", "\"a {b, c, d}\",40\n".repeat(9));
    insta::assert_snapshot!(super::super::errors("m.csv", &rows), @r"
    error: the manifest expands to 1080 tasks; set `max_tasks` to allow more than 1000
     --> m.csv:1:1
      |
    1 | prompt,repeat
      | ^ 9 rows × 3 permutations × 40 takes = 1080
      |
      = note: nothing was submitted
      = help: to allow them, run with `--max-tasks 1080`
    ");
    insta::assert_snapshot!(of_entry(&format!("  - a {}\n", "{a, b, c, d}".repeat(40))), @r"
    error: the manifest expands to more than 10000000 tasks, the most that one may have
     --> spring.yaml:3:5
      |
    3 |   - a {a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d}{a, b, c, d...
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ countless permutations = countless
      |
      = note: nothing was submitted
    ");
}

#[test]
fn a_plain_list_of_rows_is_no_multiplication() {
    let rows: String = (0..5000).map(|i| format!("a mug {i}\n")).collect();
    assert_eq!(manifest("m.csv", &format!("prompt\n{rows}")).len(), 5000);
    let options = ReadOptions { max_tasks: Some(4999) };
    let problems = parse_with(Path::new("m.csv"), format!("prompt\n{rows}").as_bytes(), options, &mut |_| {
        Err(LoadError::Missing(None))
    });
    insta::assert_snapshot!(Renderer::plain().all(&problems.unwrap_err()), @r"
    error: the manifest expands to 5000 tasks; `max_tasks` allows 4999
     --> m.csv:1:1
      |
    1 | prompt
      | ^ 5000 rows = 5000
      |
      = note: nothing was submitted
      = help: to allow them, run with `--max-tasks 5000`
    ");
}

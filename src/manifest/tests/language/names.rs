//! Ids of tasks: how they are made, and that none depends on a position.

use super::*;

#[test]
fn options_and_takes_are_in_names_and_positions_are_not() {
    insta::assert_snapshot!(entries("
  - id: mug
    prompt: a {red, dark {blue, green},} mug {on linen, on oak} --ar 1:1
  - id: two
    prompt: a vase --repeat 2 --ar 1:1
  - prompt: a {pen, cup}
    repeat: 2
"), @r"
    columns: 
    mug/red-on-linen | a red mug on linen --ar 1:1 | fast | - | ;
    mug/red-on-oak | a red mug on oak --ar 1:1 | fast | - | ;
    mug/dark-blue-on-linen | a dark blue mug on linen --ar 1:1 | fast | - | ;
    mug/dark-blue-on-oak | a dark blue mug on oak --ar 1:1 | fast | - | ;
    mug/dark-green-on-linen | a dark green mug on linen --ar 1:1 | fast | - | ;
    mug/dark-green-on-oak | a dark green mug on oak --ar 1:1 | fast | - | ;
    mug/none-on-linen | a mug on linen --ar 1:1 | fast | - | ;
    mug/none-on-oak | a mug on oak --ar 1:1 | fast | - | ;
    two | a vase --ar 1:1 | fast | - | ;
    two~2 | a vase --ar 1:1 | fast | - | ;
    a-pen-93769a8d8d94 | a pen | fast | - | ;
    a-pen-93769a8d8d94~2 | a pen | fast | - | ;
    a-cup-a9aba55ed86c | a cup | fast | - | ;
    a-cup-a9aba55ed86c~2 | a cup | fast | - | ;
    ");
}

#[test]
fn ids_of_the_example_manifests_are_readable() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    for (file, expected) in [("matrix", 13), ("catalogue", 12), ("takes", 14)] {
        let manifest = read(&folder.join(format!("{file}.yaml"))).unwrap();
        assert_eq!(manifest.len(), expected, "{file}");
    }
    let ids = |file: &str| {
        let manifest = read(&folder.join(file)).unwrap();
        manifest.tasks().map(|task| format!("{}: {}\n", task.id, task.prompt)).collect::<String>()
    };
    insta::assert_snapshot!(ids("matrix.yaml"), @r"
    hero/forest-path/16x9/banner: trail running shoes on a forest path, overcast daylight, product photograph --ar 16:9 --stylize 150 --no text, logo
    hero/forest-path/4x5/feed: trail running shoes on a forest path, overcast daylight, product photograph --ar 4:5 --stylize 150 --no text, logo
    hero/forest-path/9x16/story: trail running shoes on a forest path, overcast daylight, product photograph --ar 9:16 --stylize 150 --no text, logo
    hero/wet-rock/16x9/banner: trail running shoes on a wet rock, overcast daylight, product photograph --ar 16:9 --stylize 150 --no text, logo
    hero/wet-rock/4x5/feed: trail running shoes on a wet rock, overcast daylight, product photograph --ar 4:5 --stylize 150 --no text, logo
    hero/studio/16x9/banner: trail running shoes on a studio, softbox from the left, product photograph --ar 16:9 --stylize 150 --no text, logo
    hero/studio/4x5/feed: trail running shoes on a studio, softbox from the left, product photograph --ar 4:5 --stylize 150 --no text, logo
    hero/studio/9x16/story: trail running shoes on a studio, softbox from the left, product photograph --ar 9:16 --stylize 150 --no text, logo
    hero/summit-at-sunrise/16x9/banner: trail running shoes on a summit at sunrise, first sun, product photograph --ar 16:9 --stylize 150 --no text, logo
    detail/lugged-outsole/from-below: close view of a lugged outsole of a trail running shoe, from below --ar 1:1 --stylize 50 --no text, logo
    detail/lugged-outsole/from-the-side: close view of a lugged outsole of a trail running shoe, from the side --ar 1:1 --stylize 50 --no text, logo
    detail/heel-counter/from-below: close view of a heel counter of a trail running shoe, from below --ar 1:1 --stylize 50 --no text, logo
    detail/heel-counter/from-the-side: close view of a heel counter of a trail running shoe, from the side --ar 1:1 --stylize 50 --no text, logo
    ");
    insta::assert_snapshot!(ids("catalogue.yaml"), @r"
    packshot/mug-sage: stoneware mug in sage green on linen, product photograph, even light --ar 1:1 --style raw
    packshot/bowl-sand: shallow bowl, sand beige on travertine, product photograph, even light --ar 4:5 --style raw
    packshot/vase-black: bud vase in matte black on oak, product photograph, even light --ar 2:3 --style raw
    packshot/tray-oak: oiled oak tray with brass handles on white marble, product photograph, even light --ar 3:2 --style raw
    MG-0142/from-above: stoneware mug in sage green from above on a breakfast table, spring light --ar 4:5 --stylize 200
    MG-0142/at-eye-level: stoneware mug in sage green at eye level on a breakfast table, spring light --ar 4:5 --stylize 200
    BW-0071/from-above: shallow bowl, sand beige from above on a breakfast table, summer light --ar 4:5 --stylize 200
    BW-0071/at-eye-level: shallow bowl, sand beige at eye level on a breakfast table, summer light --ar 4:5 --stylize 200
    VS-0009/from-above: bud vase in matte black from above on a breakfast table, autumn light --ar 4:5 --stylize 200
    VS-0009/at-eye-level: bud vase in matte black at eye level on a breakfast table, autumn light --ar 4:5 --stylize 200
    TR-0210/from-above: oiled oak tray with brass handles from above on a breakfast table --ar 4:5 --stylize 200
    TR-0210/at-eye-level: oiled oak tray with brass handles at eye level on a breakfast table --ar 4:5 --stylize 200
    ");
    insta::assert_snapshot!(ids("takes.yaml"), @r"
    mood/fog-slow-shutter: birch forest in fog, slow shutter --ar 3:2
    mood/fog-polaroid: birch forest in fog, polaroid --ar 3:2
    mood/first-snow-slow-shutter: birch forest in first snow, slow shutter --ar 3:2
    mood/first-snow-polaroid: birch forest in first snow, polaroid --ar 3:2
    still/none: still life with a pear on dark ground --ar 4:5
    still/and-a-knife: still life with a pear and a knife on dark ground --ar 4:5
    still/and-two-walnuts-cracked: still life with a pear and two walnuts, cracked on dark ground --ar 4:5
    cover: cover of a cookbook about soup, flat lay, copy space above --ar 2:3
    cover~2: cover of a cookbook about soup, flat lay, copy space above --ar 2:3
    cover~3: cover of a cookbook about soup, flat lay, copy space above --ar 2:3
    endpaper/leaves: seamless pattern of leaves --tile
    endpaper/mushrooms: seamless pattern of mushrooms --tile
    endpaper/mushrooms~2: seamless pattern of mushrooms --tile
    brace: typographic poster of the sign { on grey paper, letterpress --ar 1:1
    ");
}

proptest! {
    #[test]
    fn an_entry_makes_the_product_of_its_factors_in_their_order(
        rows in 1usize..4,
        lists in prop::collection::vec(1usize..4, 0..3),
        groups in prop::collection::vec(1usize..4, 0..3),
        takes in 1u32..4,
    ) {
        let data: String = (0..rows).map(|row| format!("r{row}\n")).collect();
        let matrix: String = lists
            .iter()
            .enumerate()
            .map(|(i, n)| format!("      l{i}: [{}]\n", (0..*n).map(|v| format!("v{v}")).collect::<Vec<_>>().join(", ")))
            .collect();
        let matrix = if matrix.is_empty() { matrix } else { format!("    matrix:\n{matrix}") };
        let variables: String = (0..lists.len()).map(|i| format!(" {{{{ l{i} }}}}")).collect();
        let options = |n: usize| (0..n).map(|o| format!("o{o}")).collect::<Vec<_>>().join(", ");
        let permutations: String = groups.iter().map(|n| format!(" {{{}}}", options(*n))).collect();
        let text = format!(
            "version: 1\nbatch: {{ max_tasks: 10000 }}\nprompts:\n  - id: e\n    prompt: \"{{{{ row }}}}{variables}{permutations}\"\n    data: products.csv\n    repeat: {takes}\n{matrix}"
        );
        let manifest = with_data(&text, &format!("row\n{data}")).unwrap_or_else(|problems| panic!("{problems}"));
        let product = rows * lists.iter().chain(&groups).product::<usize>() * takes as usize;
        prop_assert_eq!(manifest.len(), product as u64);
        let prompts: Vec<String> = manifest.tasks().map(|task| task.prompt).collect();
        prop_assert_eq!(prompts.len(), product);
        prop_assert!(prompts.is_sorted(), "rows, then lists, then groups, the last one fastest");
        for of_factors in manifest.factors() {
            prop_assert_eq!(of_factors.factors.iter().map(|factor| factor.count).product::<u64>(), product as u64);
        }
    }

    #[test]
    fn no_name_moves_when_rows_values_and_options_are_added_removed_or_moved(
        mut scenes in prop::collection::btree_set("[a-d]{1,2}", 1..4),
        mut options in prop::collection::btree_set("[a-d]{1,2}", 1..4),
        mut rows in prop::collection::btree_set("[a-d]{1,2}", 1..4),
        added in "[e-h]",
        named in any::<bool>(),
    ) {
        let written = |rows: Vec<&String>, scenes: Vec<&String>, options: Vec<&String>| {
            let list = |items: &[&String]| items.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
            let id = if named { "    id: e\n" } else { "" };
            let text = format!(
                "version: 1\nprompts:\n  - prompt: '{{{{ row }}}} on {{{{ scene }}}} {{{}}}'\n    data: products.csv\n{id}    matrix: {{ scene: [{}] }}\n",
                list(&options),
                list(&scenes)
            );
            let data: String = rows.iter().map(|row| format!("{row},x{row}\n")).collect();
            let manifest = with_data(&text, &format!("row,{}\n{data}", if named { "id" } else { "sku" })).unwrap();
            manifest.tasks().map(|task| (task.prompt, task.id)).collect::<std::collections::HashMap<_, _>>()
        };
        let before = written(rows.iter().collect(), scenes.iter().collect(), options.iter().collect());
        for set in [&mut rows, &mut scenes, &mut options] {
            set.pop_first();
            set.insert(added.clone());
        }
        let after = written(rows.iter().rev().collect(), scenes.iter().rev().collect(), options.iter().rev().collect());
        for (prompt, id) in &before {
            prop_assert!(after.get(prompt).is_none_or(|other| other == id), "{prompt}");
        }
    }
}

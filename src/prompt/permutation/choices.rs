//! Lists the options of a tree, so that a variant can be named after the options chosen for it.

use super::tree::{Sequence, Tree, TreeNode};

impl Tree {
    /// The texts that each outermost group expands to, in the order of the text.
    ///
    /// Their numbers are [`Tree::groups`].
    pub fn choices(&self) -> Vec<Vec<String>> {
        let of_node = |node: &TreeNode| match node {
            TreeNode::Text(_) => None,
            TreeNode::Group(_) => {
                let lone = Tree { root: Sequence { nodes: vec![node.clone()] } };
                Some(lone.expand().collect())
            }
        };
        self.root.nodes.iter().filter_map(of_node).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn choices_are_listed_group_by_group() {
        let tree = parse("a {red, {light, dark} blue} mug {on linen,}").unwrap();
        assert_eq!(tree.choices(), [vec!["red", "light blue", "dark blue"], vec!["on linen", ""]]);
        assert!(parse("a mug").unwrap().choices().is_empty());
    }
}

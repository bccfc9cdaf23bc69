//! What there is to choose from, so that a variant can be named by what was chosen for it.

use super::{Piece, Sequence, Tree};

impl Tree {
    /// The texts that each outermost group unfolds to, in the order of the text. Their numbers are [`Tree::groups`].
    pub fn choices(&self) -> Vec<Vec<String>> {
        let of_piece = |piece: &Piece| match piece {
            Piece::Text(_) => None,
            Piece::Group(_) => {
                let lone = Tree { root: Sequence { pieces: vec![piece.clone()] } };
                Some(lone.expand().collect())
            }
        };
        self.root.pieces.iter().filter_map(of_piece).collect()
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

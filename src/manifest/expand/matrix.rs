//! Multiplies lists: the combinations of a matrix, in one stated order.
//!
//! First the lists multiply (paired with those of `zip`), the last one fastest. Then `exclude`
//! removes combinations. Then each `include` adds its values to the combinations that agree with it
//! in all values of the lists; one that agrees with none is a combination of its own, after the
//! others. Combinations are made one by one as they are asked for.

/// Above this product, combinations are not counted one by one: no manifest may make so many tasks.
const COUNTED: u64 = 20_000_000;

/// A list of a matrix, or lists that are paired.
#[derive(Debug, Clone)]
pub(crate) struct MatrixFactor {
    /// The name of the list; of paired lists, their names together.
    pub(crate) name: String,
    pub(crate) variables: Vec<usize>,
    /// The values, each a list with one value for each of the variables.
    pub(crate) values: Vec<Vec<String>>,
}

/// Some variables and their values.
pub(crate) type VariableValues = Vec<(usize, String)>;

/// The lists of an entry, with what is excluded and included.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matrix {
    pub(crate) factors: Vec<MatrixFactor>,
    exclude: Vec<VariableValues>,
    include: Vec<VariableValues>,
    /// Indices of those entries of `include` that are combinations of their own.
    alone: Vec<usize>,
    excluded: u64,
}

/// One value for each variable of the lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Combination<'m> {
    pub(crate) values: Vec<(usize, &'m str)>,
    /// The number of leading values that distinguish the combination from others, and so become
    /// part of ids.
    pub(crate) distinguishing: usize,
}

impl Matrix {
    pub(crate) fn new(
        factors: Vec<MatrixFactor>,
        exclude: Vec<VariableValues>,
        include: Vec<VariableValues>,
    ) -> Self {
        let mut matrix = Matrix { factors, exclude, include: Vec::new(), alone: Vec::new(), excluded: 0 };
        let mut agrees = vec![false; include.len()];
        if (!matrix.exclude.is_empty() || !include.is_empty()) && matrix.product() <= COUNTED {
            let mut left = 0;
            for combination in matrix.multiplied() {
                left += 1;
                for (agrees, pairs) in agrees.iter_mut().zip(&include) {
                    *agrees = *agrees || matrix.agrees(pairs, &combination);
                }
            }
            matrix.excluded = matrix.product() - left;
        }
        matrix.alone = (0..include.len()).filter(|i| !agrees[*i]).collect();
        matrix.include = include;
        matrix
    }

    /// How many combinations the lists make before anything is excluded.
    pub(crate) fn product(&self) -> u64 {
        if self.factors.is_empty() {
            return 0;
        }
        self.factors.iter().map(|factor| factor.values.len() as u64).fold(1, u64::saturating_mul)
    }

    /// How many combinations `exclude` removes.
    pub(crate) fn excluded(&self) -> u64 {
        self.excluded
    }

    /// How many combinations `include` adds.
    pub(crate) fn included(&self) -> u64 {
        self.alone.len() as u64
    }

    /// How many combinations there are in the end.
    pub(crate) fn len(&self) -> u64 {
        self.product() - self.excluded + self.included()
    }

    /// All combinations, in order.
    pub(crate) fn combinations(&self) -> impl Iterator<Item = Combination<'_>> {
        let alone = self.alone.iter().map(|i| self.lone(&self.include[*i]));
        self.multiplied().map(|combination| self.extended(combination)).chain(alone)
    }

    /// Makes a combination of an entry of `include`. It is distinguished by its values of the
    /// lists, in their order, or by all its values if it has none of them.
    fn lone<'m>(&'m self, pairs: &'m VariableValues) -> Combination<'m> {
        let lists: Vec<usize> = self.factors.iter().flat_map(|factor| &factor.variables).copied().collect();
        let rank = |variable: usize| lists.iter().position(|list| *list == variable).unwrap_or(lists.len());
        let mut values: Vec<_> = pairs.iter().map(|(variable, value)| (*variable, &**value)).collect();
        values.sort_by_key(|(variable, _)| rank(*variable));
        let of_lists = values.iter().filter(|(variable, _)| lists.contains(variable)).count();
        Combination { distinguishing: if of_lists > 0 { of_lists } else { values.len() }, values }
    }

    /// The indices of those entries of `exclude` that remove nothing.
    pub(crate) fn idle(&self) -> impl Iterator<Item = usize> {
        let all = Matrix { exclude: Vec::new(), ..self.clone() };
        let is_idle = move |pairs: &VariableValues| {
            !all.multiplied().any(|combination| takes_away(pairs, &combination))
        };
        let is_counted = self.product() <= COUNTED;
        self.exclude.iter().enumerate().filter(move |(_, pairs)| is_counted && is_idle(pairs)).map(|(i, _)| i)
    }

    fn multiplied(&self) -> impl Iterator<Item = Combination<'_>> {
        (0..self.product())
            .map(|number| self.at(number))
            .filter(|combination| !self.exclude.iter().any(|pairs| takes_away(pairs, combination)))
    }

    fn at(&self, mut number: u64) -> Combination<'_> {
        let mut values = Vec::with_capacity(self.factors.len());
        for factor in self.factors.iter().rev() {
            let size = factor.values.len() as u64;
            let chosen = &factor.values[usize::try_from(number % size).unwrap_or(0)];
            number /= size;
            values.extend(factor.variables.iter().copied().zip(chosen.iter().map(String::as_str)).rev());
        }
        values.reverse();
        Combination { distinguishing: values.len(), values }
    }

    fn extended<'m>(&'m self, mut combination: Combination<'m>) -> Combination<'m> {
        for pairs in self.include.iter().filter(|pairs| self.agrees(pairs, &combination)).collect::<Vec<_>>()
        {
            let multiplied = &combination.values[..combination.distinguishing];
            let added: Vec<_> = pairs
                .iter()
                .filter(|(variable, _)| !multiplied.iter().any(|(own, _)| own == variable))
                .map(|(variable, value)| (*variable, value.as_str()))
                .collect();
            combination.values.extend(added);
        }
        combination
    }

    /// Whether an entry of `include` agrees with a combination in every value of the lists.
    fn agrees(&self, pairs: &VariableValues, combination: &Combination<'_>) -> bool {
        pairs.iter().all(|(variable, value)| {
            let multiplied = &combination.values[..combination.distinguishing];
            multiplied.iter().find(|(own, _)| own == variable).is_none_or(|(_, own)| own == value)
        })
    }
}

fn takes_away(pairs: &VariableValues, combination: &Combination<'_>) -> bool {
    pairs.iter().all(|(variable, value)| {
        combination.values.iter().any(|(own, text)| own == variable && text == value)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(variable: usize, values: &[&str]) -> MatrixFactor {
        let values = values.iter().map(|value| vec![(*value).to_owned()]).collect();
        MatrixFactor { name: format!("v{variable}"), variables: vec![variable], values }
    }

    fn pairs(pairs: &[(usize, &str)]) -> VariableValues {
        pairs.iter().map(|(variable, value)| (*variable, (*value).to_owned())).collect()
    }

    fn shown(matrix: &Matrix) -> Vec<String> {
        let all: Vec<String> = matrix
            .combinations()
            .map(|c| {
                c.values
                    .iter()
                    .map(|(variable, value)| format!("{variable}={value}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        assert_eq!(all.len() as u64, matrix.len());
        all
    }

    #[test]
    fn lists_multiply_then_exclude_removes_and_include_adds() {
        // The example of the documentation of GitHub Actions.
        let factors = vec![list(0, &["apple", "pear"]), list(1, &["cat", "dog"])];
        let include = vec![
            pairs(&[(2, "green")]),
            pairs(&[(2, "pink"), (1, "cat")]),
            pairs(&[(0, "apple"), (3, "circle")]),
            pairs(&[(0, "banana")]),
            pairs(&[(0, "banana"), (1, "cat")]),
        ];
        assert_eq!(
            shown(&Matrix::new(factors, Vec::new(), include)),
            [
                "0=apple 1=cat 2=green 2=pink 3=circle",
                "0=apple 1=dog 2=green 3=circle",
                "0=pear 1=cat 2=green 2=pink",
                "0=pear 1=dog 2=green",
                "0=banana",
                "0=banana 1=cat",
            ]
        );
    }

    #[test]
    fn an_excluded_combination_can_be_included_again() {
        let factors = vec![list(0, &["a", "b"]), list(1, &["x", "y"])];
        let matrix = Matrix::new(
            factors,
            vec![pairs(&[(0, "b")]), pairs(&[(0, "c")])],
            vec![pairs(&[(0, "b"), (1, "x")])],
        );
        assert_eq!(shown(&matrix), ["0=a 1=x", "0=a 1=y", "0=b 1=x"]);
        assert_eq!((matrix.excluded(), matrix.included()), (2, 1));
        assert_eq!(matrix.idle().collect::<Vec<_>>(), [1]);
        let alone =
            Matrix::new(Vec::new(), Vec::new(), vec![pairs(&[(0, "a")]), pairs(&[(0, "b"), (1, "x")])]);
        assert_eq!(shown(&alone), ["0=a", "0=b 1=x"]);
    }

    #[test]
    fn paired_lists_are_one_factor() {
        let paired = MatrixFactor {
            name: "ratio and place".to_owned(),
            variables: vec![1, 2],
            values: vec![vec!["16:9".into(), "banner".into()], vec!["1:1".into(), "feed".into()]],
        };
        assert_eq!(
            shown(&Matrix::new(vec![list(0, &["a", "b"]), paired], Vec::new(), Vec::new())),
            ["0=a 1=16:9 2=banner", "0=a 1=1:1 2=feed", "0=b 1=16:9 2=banner", "0=b 1=1:1 2=feed"]
        );
    }

    proptest! {
        #[test]
        fn there_are_as_many_as_the_lists_make_and_the_last_varies_fastest(sizes in prop::collection::vec(1usize..5, 1..4)) {
            let values: Vec<Vec<String>> = sizes.iter().map(|n| (0..*n).map(|i| i.to_string()).collect()).collect();
            let factors: Vec<MatrixFactor> = values
                .iter()
                .enumerate()
                .map(|(i, values)| list(i, &values.iter().map(String::as_str).collect::<Vec<_>>()))
                .collect();
            let matrix = Matrix::new(factors, Vec::new(), Vec::new());
            let all: Vec<Vec<usize>> = matrix
                .combinations()
                .map(|c| c.values.iter().map(|(_, value)| value.parse().unwrap()).collect())
                .collect();
            prop_assert_eq!(all.len(), sizes.iter().product::<usize>());
            prop_assert!(all.is_sorted());
        }
    }
}

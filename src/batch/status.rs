//! Where a batch stands, from its state alone, also while it runs.

use super::{Batch, BatchError};
use crate::breakdown::TopValues;
use crate::store::{DeliveryCount, FailedDelivery, FileCounts, Header, Variable};
use crate::task::{Counts, Quota};

/// At most so many deliveries that are pending are named.
const MOST_FAILED_DELIVERIES: u32 = 1000;

/// Where a batch stands.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchStatus {
    /// What the state says of its batch.
    pub header: Header,
    /// The process that runs the batch now, in words, if one does.
    pub holder: Option<String>,
    /// How many tasks have each status.
    pub counts: Counts,
    /// What was spent, where prices are known.
    pub spent: Option<Quota>,
    /// The images that are files.
    pub files: FileCounts,
    /// How many deliveries were made, and are pending.
    pub deliveries: DeliveryCount,
    /// The first of those that are pending.
    pub failed_deliveries: Vec<FailedDelivery>,
    /// What the tasks of each value of a column have in common, column by column.
    pub by: Vec<TopValues>,
}

impl Batch {
    /// Where the batch stands, broken down by these columns (`mode` is one), of each at most so
    /// many values.
    ///
    /// # Errors
    /// [`BatchError::NeverRun`], [`BatchError::Column`], [`BatchError::Store`].
    pub fn status(&self, by: &[String], most_values: usize) -> Result<BatchStatus, BatchError> {
        let snapshot = self.snapshot()?;
        let header = snapshot.header()?;
        let variables = variables(by, &header.columns)?;
        let figures = if variables.is_empty() { Vec::new() } else { snapshot.figures(&variables)? };
        Ok(BatchStatus {
            header,
            holder: snapshot.holder().map(str::to_owned),
            counts: snapshot.counts()?,
            spent: snapshot.spent(None)?,
            files: snapshot.files()?,
            deliveries: snapshot.deliveries()?,
            failed_deliveries: snapshot.failed_deliveries(MOST_FAILED_DELIVERIES)?,
            by: figures.into_iter().map(|figures| figures.top(most_values)).collect(),
        })
    }
}

/// The variables of these names: a column of the batch, or the mode.
fn variables(names: &[String], columns: &[String]) -> Result<Vec<(String, Variable)>, BatchError> {
    let find = |name: &String| {
        let column = columns.iter().position(|column| column == name);
        match (column, name.as_str()) {
            (Some(column), _) => Ok((name.clone(), Variable::Column(column))),
            (None, "mode") => Ok((name.clone(), Variable::Mode)),
            (None, _) => Err(BatchError::Column { name: name.clone(), columns: columns.to_owned() }),
        }
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_none_is_reported_with_those_there_are() {
        let columns = ["sku".to_owned(), "scene".to_owned()];
        assert_eq!(
            variables(&["scene".to_owned()], &columns).unwrap(),
            [("scene".to_owned(), Variable::Column(1))]
        );
        assert!(variables(&["mode".to_owned()], &columns).is_ok());
        assert!(variables(&["skuu".to_owned()], &columns).is_err());
    }
}

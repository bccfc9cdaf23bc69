//! Reads the status of a batch from its state alone, also while it runs.

use super::{Batch, BatchError};
use crate::breakdown::TopValues;
use crate::store::{DeliveryCount, FailedDelivery, FileCounts, Header, Variable};
use crate::task::{Counts, Quota};

/// How many pending deliveries are listed.
const MOST_FAILED_DELIVERIES: u32 = 1000;

/// The status of a batch.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchStatus {
    /// The header of the state: which batch and which service it belongs to.
    pub header: Header,
    /// The process that runs the batch now, in words, if one does.
    pub holder: Option<String>,
    /// How many tasks have each status.
    pub counts: Counts,
    /// The quota that was spent, if prices are known.
    pub spent: Option<Quota>,
    /// The numbers of downloaded images.
    pub files: FileCounts,
    /// The numbers of deliveries that were made and that are pending.
    pub deliveries: DeliveryCount,
    /// The first pending deliveries.
    pub failed_deliveries: Vec<FailedDelivery>,
    /// Statistics by the values of columns, column by column.
    pub by: Vec<TopValues>,
}

impl Batch {
    /// Reads the status of the batch, with statistics by these columns (`mode` is one), each with
    /// at most this many values.
    ///
    /// # Errors
    ///
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
    fn an_unknown_variable_is_reported_with_the_known_ones() {
        let columns = ["sku".to_owned(), "scene".to_owned()];
        assert_eq!(
            variables(&["scene".to_owned()], &columns).unwrap(),
            [("scene".to_owned(), Variable::Column(1))]
        );
        assert!(variables(&["mode".to_owned()], &columns).is_ok());
        assert!(variables(&["skuu".to_owned()], &columns).is_err());
    }
}

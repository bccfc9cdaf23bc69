//! Marks failed tasks to be submitted again by the next run. Nothing is spent here.

use super::holder::holder_description;
use super::{Batch, BatchError, policy, selection};
use crate::store::RetryReport;
use crate::task::Prices;

/// The tasks that were marked to be submitted again, and what that costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried {
    /// The tasks.
    pub tasks: RetryReport,
    /// The prices of jobs.
    pub prices: Prices,
}

impl Batch {
    /// Marks the failed tasks that the options select to be submitted again; with `lost` also those
    /// that were lost or given up, though they may have been billed.
    ///
    /// # Errors
    ///
    /// [`BatchError::NeverRun`], [`BatchError::Filter`], [`BatchError::Manifest`],
    /// [`BatchError::Store`].
    pub fn retry(&mut self, lost: bool) -> Result<Retried, BatchError> {
        let configured = self.settings()?.prices;
        let mut store = self.store.hold(&holder_description()).map_err(BatchError::of_existing)?;
        let filters = selection::filters(&self.options.only, &store.header()?.columns)?;
        let tasks = store.retry(&filters, lost)?;
        Ok(Retried { tasks, prices: policy::merged_prices(self.options.prices, configured) })
    }
}

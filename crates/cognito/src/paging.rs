//! Long answers in pages: `MaxResults` and `NextToken`.

use plane::Error;
use store::{Exactly, Page, Read as _, Record, StoreError, Transaction};

use crate::errors::invalid_parameter;
use crate::pool::SCOPE;

/// A page of the records that have this value.
pub(crate) fn page<R: Record>(
    tx: &Transaction,
    index: &str,
    value: &str,
    after: Option<&str>,
    most: u32,
) -> Result<Page<R>, Error> {
    // The model lets through 1 to 60.
    let most = usize::try_from(most).unwrap_or(1);
    tx.page(SCOPE, index, Exactly(value), after, most)
        .map_err(|error| match error {
            StoreError::Cursor => invalid_parameter("Invalid pagination token.").because(error),
            other => other.into(),
        })
}

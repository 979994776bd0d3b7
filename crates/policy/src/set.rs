//! Statements compiled to be asked many times.

use crate::Document;

/// The statements of one layer, compiled.
#[derive(Debug, Default)]
pub struct PolicySet {}

impl PolicySet {
    /// Compiles the documents of one layer into one set.
    pub fn compile<'a>(documents: impl IntoIterator<Item = &'a Document>) -> PolicySet {
        let _ = documents.into_iter().count();
        PolicySet {}
    }

    /// A set without statements: it neither allows nor denies.
    pub fn empty() -> PolicySet {
        PolicySet::default()
    }
}

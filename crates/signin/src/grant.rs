//! What stands between somebody's consent and a tool's credentials: codes, logins, and the
//! proofs that were seen. All of it is kept, so that a code is spent once whatever happens.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use identity::{GLOBAL_SCOPE, Session};
use serde::{Deserialize, Serialize};
use store::{Lookup, Read, Record, StoreError, Transaction};

use crate::authorize::Client;
use crate::challenge::Challenge;

/// How many ended records of a kind are taken away with each new one. More than one, so that
/// they grow fewer.
const SWEPT: usize = 20;

/// Who let a tool act for them, and for how long.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Consent {
    /// Whom the tool acts for.
    pub(crate) session: Session,
    /// The ARN of the sign-in.
    pub(crate) sign_in: String,
    /// The tool.
    pub(crate) client: Client,
}

/// A code that waits to be traded. Its name is a digest of what the browser carries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    digest: String,
    pub(crate) consent: Consent,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Challenge,
    pub(crate) ends_at: i64,
}

/// A tool that is logged in: one chain of refresh tokens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) id: String,
    pub(crate) consent: Consent,
    /// The key that the tool holds, by its thumbprint.
    pub(crate) key: String,
    /// Which refresh token is the one that counts.
    pub(crate) generation: u32,
    pub(crate) ends_at: i64,
}

/// A proof that was seen. It may not come again while it is in time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SeenProof {
    pub(crate) id: String,
    pub(crate) ends_at: i64,
}

impl Code {
    /// A code under the text that stands for it.
    pub(crate) fn new(
        text: &str,
        consent: Consent,
        redirect_uri: String,
        challenge: Challenge,
        ends_at: i64,
    ) -> Code {
        Code {
            digest: Code::id_of(text),
            consent,
            redirect_uri,
            challenge,
            ends_at,
        }
    }

    /// The record's id for a code's text.
    pub(crate) fn id_of(text: &str) -> String {
        hex::encode(digest(&SHA256, text.as_bytes()))
    }
}

/// Records end by themselves; the next ones of their kind take them away.
pub(crate) trait Ending: Record {
    /// When it ends.
    fn ends_at(&self) -> i64;
}

/// Ends in an order that text sorts by.
fn by_end(ends_at: i64) -> Vec<Lookup> {
    vec![Lookup::many("ends", format!("{ends_at:015}"))]
}

macro_rules! ending {
    ($record:ty, $kind:literal, $id:ident) => {
        impl Record for $record {
            const KIND: &'static str = $kind;
            const QUIET: bool = true;

            fn id(&self) -> Cow<'_, str> {
                Cow::Borrowed(&self.$id)
            }

            fn lookups(&self) -> Vec<Lookup> {
                by_end(self.ends_at)
            }
        }

        impl Ending for $record {
            fn ends_at(&self) -> i64 {
                self.ends_at
            }
        }
    };
}

ending!(Code, "signin.code", digest);
ending!(Login, "signin.login", id);
ending!(SeenProof, "signin.seen-proof", id);

/// Takes away some records that have ended, the oldest first.
pub(crate) fn sweep<R: Ending>(tx: &mut Transaction, now_s: i64) -> Result<(), StoreError> {
    let oldest = tx.page::<R>(GLOBAL_SCOPE, "ends", "", None, SWEPT)?;
    for record in oldest.records {
        if record.ends_at() > now_s {
            break;
        }
        tx.delete::<R>(GLOBAL_SCOPE, &record.id())?;
    }
    Ok(())
}

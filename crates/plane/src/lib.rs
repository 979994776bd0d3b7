//! The contract that every operation of every service keeps, and the pipeline that runs it:
//!
//! ```text
//! accept -> route -> authenticate -> decode -> gather -> authorize -> run -> encode -> record
//! ```
//!
//! A service writes an [`Operation`] and one line in its table. It sees no HTTP, parses no
//! wire, asks no policy and writes no audit line: the [`Plane`] does, for everyone.

mod audit;
mod authenticate;
mod blocking;
mod call;
mod console;
mod encoded;
mod entry;
mod error;
mod event;
mod line;
mod operation;
mod outbox;
mod pipeline;
mod uses;

pub use self::audit::Recorder;
pub use self::authenticate::{
    Authenticated, Claimed, Head, authenticate, authenticate_form, refuse, signing_service,
};
pub use self::blocking::{hashing, run as blocking};
pub use self::call::{Call, Dpop, Environment, Vouched, VouchedBy};
pub use self::encoded::decode_authorization_message;
pub use self::entry::{Entry, federated, gathering, hot, stored};
pub use self::error::Error;
pub use self::event::{Event, Outcome, S3Facts};
pub use self::operation::{
    ConsoleOperation, FederatedOperation, GatheringOperation, HotOperation, Operation, Permit,
    Touches,
};
pub use self::outbox::{Channel, Deliver, Dispatcher, Letter, OutboxFull, post};
pub use self::pipeline::{Peer, Plane, REGION_DEFAULT, Raw, Unread, request_facts};

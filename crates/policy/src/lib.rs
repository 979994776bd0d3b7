//! Decides whether a request is allowed, in the policy language of AWS.
//!
//! Policy text goes in, a [`Document`] or a [`Malformed`] comes out. Documents of one
//! layer are compiled once into a [`PolicySet`]; [`decide`] asks the sets of all
//! [`Layers`] about one [`Request`] and answers with a [`Verdict`]. No I/O, no clock:
//! the request's [`Context`] is all the engine knows of the world.
//!
//! The way through: [`json_text`] (text to values) → `grammar` (values to a document, as AWS
//! accepts them) → `set` (documents to statements that can be asked quickly) → `decide`
//! (the layers put together). [`eval`] does all of it for one line of JSON; [`explain`] does
//! it slowly and says why.

mod action;
mod condition;
mod context;
mod decide;
mod denial;
mod document;
pub mod eval;
mod evidence;
pub mod explain;
mod glob;
mod grammar;
mod index;
mod instant;
mod key;
mod malformed;
mod network;
mod number;
mod operator;
mod outline;
mod principal;
mod resource;
mod set;
mod template;

pub use self::context::Context;
pub use self::decide::{Decision, Layer, Layers, Request, Verdict, decide};
pub use self::denial::denial_message;
pub use self::document::{
    AllowedActions, Document, Effect, Grammar, PrincipalEntry, PrincipalKind,
};
pub use self::evidence::{Refused, authorization_message};
pub use self::malformed::Malformed;
pub use self::outline::{Position, StatementSpan, statement_spans};
pub use self::principal::Principal;
pub use self::set::PolicySet;

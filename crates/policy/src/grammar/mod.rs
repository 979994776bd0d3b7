//! Which documents each kind of policy accepts, and what AWS says to the others.
//!
//! The way through: `reading` (JSON to a draft, one syntax for all kinds) → the rules of
//! the kind (`identity`, `trust`, `bucket`, `organization`). A fault in the syntax is one
//! [`Fault`]; each family of services has its own sentence for it.

mod applicability;
mod bucket;
mod fault;
mod identity;
mod organization;
mod principals;
mod reading;
mod shared_providers;
mod trust;

use json_text::Json;

use crate::document::{Document, Grammar};
use crate::malformed::Malformed;

use self::fault::{Fault, Voice};
use self::reading::Draft;

/// Bytes that a policy may have, white space included. AWS's own limits on characters are
/// lower and depend on what the policy is attached to; they are counted by whoever attaches.
/// The longest policy that AWS manages has 152,297 bytes.
const POLICY_BYTES_MAX: usize = 262_144;

/// Parses policy text.
pub(crate) fn parse(text: &str, grammar: Grammar) -> Result<Document, Malformed> {
    let voice = Voice::of(grammar);
    if grammar == Grammar::Bucket && !text.starts_with('{') {
        return Err(Malformed::new(
            "Policies must be valid JSON and the first byte must be '{'",
        ));
    }
    read(&json_of(text, voice)?, grammar)
}

fn json_of(text: &str, voice: Voice) -> Result<Json<'_>, Malformed> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(voice.say(Fault::NotJson));
    }
    json_text::parse(text).map_err(|_not_json| voice.say(Fault::NotJson))
}

/// Parses policy text of any kind; nothing, if it has no statements at all.
pub(crate) fn parse_maybe_empty(text: &str) -> Result<Option<Document>, Malformed> {
    let voice = Voice::of(Grammar::Any);
    match reading::read(&json_of(text, voice)?) {
        Err(Fault::NoStatement) => Ok(None),
        Err(fault) => Err(voice.say(fault)),
        Ok(draft) => {
            accept_any(&draft, voice)?;
            Ok(Some(draft.document))
        }
    }
}

/// Reads a policy that has been parsed as JSON, maybe as part of something larger.
pub(crate) fn read(json: &Json<'_>, grammar: Grammar) -> Result<Document, Malformed> {
    let voice = Voice::of(grammar);
    let draft = reading::read(json).map_err(|fault| voice.say(fault))?;
    match grammar {
        Grammar::Managed => {
            identity::require_current_version(&draft)?;
            identity::check(&draft)?;
        }
        Grammar::Identity => identity::check(&draft)?,
        Grammar::Session => identity::check_session(&draft)?,
        Grammar::Trust => trust::check(&draft)?,
        Grammar::Bucket => bucket::check(&draft)?,
        Grammar::ServiceControl => organization::check_service_control(&draft)?,
        Grammar::ResourceControl => organization::check_resource_control(&draft)?,
        Grammar::VpcEndpoint | Grammar::Any => accept_any(&draft, voice)?,
    }
    Ok(draft.document)
}

/// What no kind of policy accepts.
fn accept_any(draft: &Draft, voice: Voice) -> Result<(), Malformed> {
    match &draft.odd_effect {
        Some(effect) => Err(voice.say(Fault::Effect(effect.clone()))),
        None => Ok(()),
    }
}

/// Whether a text comes twice.
fn has_duplicates<'t>(texts: impl Iterator<Item = &'t str>) -> bool {
    let mut seen: Vec<&str> = texts.collect();
    seen.sort_unstable();
    seen.windows(2).any(|pair| pair.first() == pair.last())
}

#[cfg(test)]
mod tests;

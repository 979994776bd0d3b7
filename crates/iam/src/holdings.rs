//! What users hold besides keys and passwords: found by id, and only for its holder.

use identity::{Held, KeyOwner, KeyStatus};
use plane::{Call, Error, Touches};
use store::{Exactly, Read, Record, Transaction};

use crate::caller::{Subject, subject};
use crate::errors::{delete_conflict, invalid_input, no_such_entity};

/// A certificate, an SSH key, a service's credential.
pub(crate) trait Holding: Record {
    /// What it has like all of them.
    fn held(&self) -> &Held;
    /// The same, to be changed.
    fn held_mut(&mut self) -> &mut Held;
    /// AWS's sentence when there is none of this id.
    fn missing(id: &str) -> String;
    /// AWS's refusal when another than this user has it.
    fn of_another(user: &str, id: &str) -> Error;
}

/// An action on what a user, or whoever calls, holds.
pub(crate) fn touch_holder(
    call: &Call,
    tx: &Transaction,
    action: &'static str,
    user_name: Option<&str>,
) -> Result<Touches, Error> {
    let holder = subject(call, tx, user_name)?;
    Ok(Touches::one(holder.ask(call, action)?))
}

/// The holder's own of this id, or `NoSuchEntity`.
pub(crate) fn require<H: Holding>(
    reader: &impl Read,
    call: &Call,
    holder: &Subject,
    id: &str,
) -> Result<H, Error> {
    let owner = holder.owner()?;
    let found = reader
        .get::<H>(call.account()?.as_str(), id)?
        .ok_or_else(|| no_such_entity(H::missing(id)))?;
    if found.held().owner != owner {
        return Err(H::of_another(&holder.name().unwrap_or_default(), id));
    }
    Ok(found)
}

/// All of one kind that the holder has, the oldest first.
pub(crate) fn all<H: Holding>(
    reader: &impl Read,
    call: &Call,
    owner: &KeyOwner,
) -> Result<Vec<H>, Error> {
    let account = call.account()?;
    let owner = Held::owner_value(account, owner);
    let mut all = reader.all::<H>(account.as_str(), "owner", Exactly(&owner))?;
    all.sort_by(|a, b| {
        let (a, b) = (a.held(), b.held());
        (a.since, &a.id).cmp(&(b.since, &b.id))
    });
    Ok(all)
}

/// Switches the holder's own of this id on or off.
pub(crate) fn set_status<H: Holding>(
    tx: &mut Transaction,
    call: &Call,
    holder: &Subject,
    id: &str,
    status: &str,
) -> Result<(), Error> {
    let mut found = require::<H>(tx, call, holder, id)?;
    found.held_mut().status = match status {
        "Active" => KeyStatus::Active,
        "Inactive" => KeyStatus::Inactive,
        // The model's third choice, `Expired`, is a state that only time can bring.
        other => {
            return Err(invalid_input(format!(
                "Operation does not support status {other}"
            )));
        }
    };
    tx.update(call.account()?.as_str(), &found)?;
    Ok(())
}

/// Deletes the holder's own of this id.
pub(crate) fn delete<H: Holding>(
    tx: &mut Transaction,
    call: &Call,
    holder: &Subject,
    id: &str,
) -> Result<(), Error> {
    let found = require::<H>(tx, call, holder, id)?;
    tx.delete::<H>(call.account()?.as_str(), &found.held().id)?;
    Ok(())
}

/// Refuses to delete a user who still holds one of them.
pub(crate) fn must_hold_none<H: Holding>(
    tx: &Transaction,
    call: &Call,
    owner: &KeyOwner,
    first: &str,
) -> Result<(), Error> {
    let account = call.account()?;
    let owner = Held::owner_value(account, owner);
    if tx.count::<H>(account.as_str(), "owner", Exactly(&owner))? > 0 {
        return Err(delete_conflict(first));
    }
    Ok(())
}

/// `Active` or `Inactive`.
pub(crate) fn status_text(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    }
}

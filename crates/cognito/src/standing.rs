//! Standing: who somebody has proved to be in a pool.

use plane::{Call, Error};
use store::Read;

use crate::errors::{
    access_is_forbidden, login_is_taken, logins_do_not_match, no_guests, no_such_identity,
};
use crate::identity_record::Identity;
use crate::logins::ProvenLogin;
use crate::pool::IdentityPool;

/// The identity of this id and its pool. An identity whose pool is gone is gone too.
pub(crate) fn identity_and_pool(
    reader: &impl Read,
    id: &str,
) -> Result<(Identity, IdentityPool), Error> {
    let missing = || no_such_identity(id);
    let identity = Identity::find(reader, id)?.ok_or_else(missing)?;
    let pool = IdentityPool::find(reader, &identity.pool)?.ok_or_else(missing)?;
    Ok((identity, pool))
}

/// Lets somebody in as this identity, and links what they proved beside a login of it. Says
/// whether any login is new: then the identity has to be written.
pub(crate) fn admit(
    identity: &mut Identity,
    pool: &IdentityPool,
    logins: &[ProvenLogin],
    call: &Call,
    reader: &impl Read,
) -> Result<bool, Error> {
    if identity.disabled {
        return Err(access_is_forbidden(&identity.id));
    }
    if logins.is_empty() {
        admit_guest(identity, pool)?;
        return Ok(false);
    }
    admit_person(identity, pool, logins, call, reader)
}

/// Lets in an identity that proves nothing, if there is nothing to prove.
fn admit_guest(identity: &Identity, pool: &IdentityPool) -> Result<(), Error> {
    if identity.is_authenticated() {
        return Err(access_is_forbidden(&identity.id));
    }
    if !pool.configuration.allows_guests {
        return Err(no_guests());
    }
    Ok(())
}

/// Lets in an identity that proves one of its logins, and links the others that were proved
/// with it; a guest proves none and becomes whoever signs in.
fn admit_person(
    identity: &mut Identity,
    pool: &IdentityPool,
    logins: &[ProvenLogin],
    call: &Call,
    reader: &impl Read,
) -> Result<bool, Error> {
    let mut unlinked = Vec::new();
    let mut is_known = !identity.is_authenticated();
    let mut is_another = false;
    for (login, holder) in Identity::holders(reader, &identity.pool, logins)? {
        match holder {
            // A token of ours speaks of a login that was linked when it was made. If it is
            // linked no more, the token proves nothing.
            None if login.is_own_token() => return Err(logins_do_not_match()),
            None => unlinked.push(login),
            Some(holder) if holder.id == identity.id => is_known = true,
            Some(_) => is_another = true,
        }
    }
    if !is_known {
        return Err(logins_do_not_match());
    }
    if is_another {
        return Err(login_is_taken());
    }
    for login in &unlinked {
        identity.link(pool, login, call.now())?;
    }
    Ok(!unlinked.is_empty())
}

/// How somebody with these logins signed in: the values of `amr`.
pub(crate) fn methods(logins: &[ProvenLogin]) -> Vec<String> {
    if logins.is_empty() {
        return vec!["unauthenticated".to_owned()];
    }
    let mut methods = vec!["authenticated".to_owned()];
    for method in logins.iter().flat_map(ProvenLogin::methods) {
        if !methods.contains(method) {
            methods.push(method.clone());
        }
    }
    methods
}

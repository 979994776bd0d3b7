//! S3's questions put to the policy engine.

use identity::{AskRef, Caller, Directory, RequestFacts};
use s3::{Ask, CallerHandle, Denied, Gate, NamedPrincipal};

/// The caller of an S3 request, with what its policies may ask about.
pub(crate) struct S3Caller {
    pub(crate) caller: Caller,
    pub(crate) request: RequestFacts,
    /// How it signed: `s3:authType`, `s3:signatureversion`, `s3:signatureAge`, …
    pub(crate) signature_keys: Vec<(&'static str, String)>,
}

/// Decides for the S3 endpoint.
pub(crate) struct PolicyGate {
    directory: Directory,
}

impl PolicyGate {
    pub(crate) fn new(directory: Directory) -> PolicyGate {
        PolicyGate { directory }
    }
}

impl Gate for PolicyGate {
    fn decide(&self, handle: &CallerHandle, ask: &Ask<'_>) -> Result<(), Denied> {
        let Some(caller) = handle.get::<S3Caller>() else {
            return Err(access_denied());
        };
        let own_account = caller.caller.known().map(|known| known.account());
        let resource_account = ask
            .resource_account
            .or(own_account.as_ref().map(|account| account.as_str()))
            .unwrap_or_default();
        self.directory
            .decide(
                &caller.caller,
                &caller.request,
                AskRef {
                    action: ask.action,
                    resource: ask.resource,
                    resource_account,
                    resource_policy: ask.bucket_policy,
                    keys: ask.keys,
                    further_keys: &caller.signature_keys,
                    asks_as: None,
                },
            )
            .map_err(|denied| match caller.caller {
                Caller::Anonymous => access_denied(),
                // S3 quotes the resource in its sentence.
                Caller::Known(_) => Denied {
                    message: denied.message.replacen(
                        ask.resource,
                        &format!("\"{}\"", ask.resource),
                        1,
                    ),
                },
            })
    }

    fn account(&self, handle: &CallerHandle) -> Option<String> {
        let known = handle.get::<S3Caller>()?.caller.known()?;
        Some(known.account().to_string())
    }

    fn arn(&self, handle: &CallerHandle) -> Option<String> {
        Some(handle.get::<S3Caller>()?.caller.known()?.arn().to_owned())
    }

    fn region(&self, handle: &CallerHandle) -> Option<String> {
        let caller = handle.get::<S3Caller>()?;
        caller.caller.known()?;
        Some(caller.request.region.clone())
    }

    fn principal_exists(&self, principal: &str) -> bool {
        self.directory.principal_exists(principal)
    }

    fn id_of(&self, arn: &str) -> Option<String> {
        self.directory.id_of_arn(arn).ok().flatten()
    }

    fn arn_today(&self, principal: &NamedPrincipal) -> Option<String> {
        let arn: aws::Arn = principal.arn.parse().ok()?;
        let account = arn.account().parse().ok()?;
        let found = if principal.id.starts_with("AIDA") {
            self.directory.user(account, &principal.id)
        } else {
            self.directory.role_by_id(account, &principal.id)
        };
        Some(found.ok()??.arn.clone())
    }

    fn by_id(&self, policy: &str, principals: &[NamedPrincipal]) -> String {
        let principals: Vec<_> = principals
            .iter()
            .map(|named| identity::NamedPrincipal {
                arn: named.arn.clone(),
                id: named.id.clone(),
            })
            .collect();
        identity::by_id(policy, &principals)
    }

    fn canonical_id(&self, account: &str) -> String {
        identity::canonical_user_id(account)
    }
}

fn access_denied() -> Denied {
    Denied {
        message: "Access Denied".to_owned(),
    }
}

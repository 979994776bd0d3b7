//! Knows what the services of AWS have: actions, resource types, condition keys.
//!
//! Everything is read out of `models/actions.txt`, which `cargo xtask actions` takes from
//! AWS's service authorization reference. The text lies in the binary as it is. Asked for
//! the first time it is parted into services; a service is read when somebody asks for
//! something of it. What is handed out lives for ever.
//!
//! The ways in: [`service`], [`action`], [`expand`], [`condition_key`].

mod action;
mod key;
mod pattern;
mod resource_type;
mod service;

pub use self::action::{AccessLevel, Action, Levels};
pub use self::key::{ConditionKey, GLOBAL_KEYS, ValueType, condition_key, is_key};
pub use self::pattern::matches;
pub use self::resource_type::ResourceType;
pub use self::service::{Service, service, services};

/// The action of this name, `s3:GetObject`, in any case.
#[must_use]
pub fn action(name: &str) -> Option<&'static Action> {
    let (prefix, name) = name.split_once(':')?;
    service(prefix)?.action(name)
}

/// The actions that a pattern means, `s3:Get*` or `*`, in any case; none where it means none.
#[must_use]
pub fn expand(pattern: &str) -> Vec<&'static Action> {
    if pattern == "*" || pattern == "*:*" {
        return services().iter().flat_map(Service::actions).collect();
    }
    let Some((prefix, name)) = pattern.split_once(':') else {
        return Vec::new();
    };
    let Some(service) = service(prefix) else {
        return Vec::new();
    };
    let actions = service.actions().iter();
    actions
        .filter(|action| matches(name, action.name()))
        .collect()
}

/// How many actions there are; their numbers go from 0 up to this.
#[must_use]
pub fn actions_count() -> usize {
    services()
        .last()
        .map_or(0, |service| service.numbers().end.into())
}

#[cfg(test)]
mod tests;

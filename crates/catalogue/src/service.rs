//! Services, each with the part of the file that is about it.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use crate::action::{Action, Levels, by_name, whole};
use crate::key::{ConditionKey, ValueType};
use crate::resource_type::ResourceType;

const FILE: &str = include_str!("../../../models/actions.txt");

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| part(FILE));

/// A service, by the prefix that its actions have.
#[derive(Debug)]
pub struct Service {
    prefix: &'static str,
    name: &'static str,
    in_resource_control: bool,
    numbers: Range<u16>,
    lines: &'static str,
    contents: OnceLock<Contents>,
}

/// What a service has, read when first asked for.
#[derive(Debug, Default)]
struct Contents {
    keys: Vec<ConditionKey>,
    types: Vec<ResourceType>,
    // INVARIANT: sorted by name, whatever its case.
    actions: Vec<Action>,
}

/// All services, by prefix.
#[must_use]
pub fn services() -> &'static [Service] {
    &SERVICES
}

/// The service of this prefix, in any case.
#[must_use]
pub fn service(prefix: &str) -> Option<&'static Service> {
    let at = SERVICES
        .binary_search_by(|service| by_name(service.prefix, prefix))
        .ok()?;
    SERVICES.get(at)
}

impl Service {
    /// The prefix of its actions: `s3`.
    #[must_use]
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// As AWS calls it: `Amazon S3`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether resource control policies may be about it.
    #[must_use]
    pub fn in_resource_control(&self) -> bool {
        self.in_resource_control
    }

    /// The numbers of its actions.
    #[must_use]
    pub fn numbers(&self) -> Range<u16> {
        self.numbers.clone()
    }

    /// Its actions by name.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.contents().actions
    }

    /// The types of its resources.
    #[must_use]
    pub fn resource_types(&self) -> &[ResourceType] {
        &self.contents().types
    }

    /// The type of this name.
    #[must_use]
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.resource_types().iter().find(|of| of.name == name)
    }

    /// The condition keys that its actions and resources bring, besides the global ones.
    #[must_use]
    pub fn condition_keys(&self) -> &[ConditionKey] {
        &self.contents().keys
    }

    /// What the file says of it, unread.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &'static str> {
        self.lines.lines()
    }

    fn contents(&self) -> &Contents {
        self.contents.get_or_init(|| self.read())
    }

    fn read(&self) -> Contents {
        let mut contents = Contents::default();
        let prefix = self.prefix;
        for line in self.lines() {
            let mut fields = line.split('\t');
            let kind = fields.next();
            let [name, second, third, fourth] =
                std::array::from_fn(|_| fields.next().unwrap_or_default());
            match kind {
                Some("K") => contents.keys.push(ConditionKey::new(
                    whole(prefix, name),
                    ValueType::read(second),
                )),
                Some("T") => contents.types.push(ResourceType {
                    prefix,
                    name,
                    arns: second,
                    keys: third,
                }),
                Some("A") => contents.actions.push(Action {
                    prefix,
                    name,
                    number: 0,
                    levels: Levels::read(second),
                    types: third,
                    keys: fourth,
                }),
                _ => {}
            }
        }
        contents.actions.sort_by(|a, b| by_name(a.name, b.name));
        for (action, number) in contents.actions.iter_mut().zip(self.numbers.clone()) {
            action.number = number;
        }
        contents
    }
}

/// Finds the services in the file, and counts their actions without reading them.
fn part(file: &'static str) -> Vec<Service> {
    let mut services = Vec::new();
    let mut number = 0;
    let mut rest = file.split_once("\nS\t").map_or("", |(_, rest)| rest);
    while !rest.is_empty() {
        let (section, next) = rest.split_once("\nS\t").unwrap_or((rest, ""));
        rest = next;
        let (head, lines) = section.split_once('\n').unwrap_or((section, ""));
        let mut fields = head.split('\t');
        let first = number;
        let count = lines.lines().filter(|line| line.starts_with("A\t")).count();
        number += u16::try_from(count).unwrap_or(u16::MAX);
        services.push(Service {
            prefix: fields.next().unwrap_or_default(),
            name: fields.next().unwrap_or_default(),
            in_resource_control: fields.next() == Some("rcp"),
            numbers: first..number,
            lines,
            contents: OnceLock::new(),
        });
    }
    services
}

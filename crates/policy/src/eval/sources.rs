//! The policies of a case, as an explanation speaks of them.

use json_text::{Json, Node};

use crate::explain::{Source, Sources};
use crate::grammar;
use crate::outline;
use crate::{Document, Grammar};

/// All policies of a case, with the places where their statements stand in its text.
pub(super) fn of_case(text: &str, case: &Json<'_>) -> Result<Sources, String> {
    let places = json_text::parse_placed(text).map_err(|refused| refused.to_string())?;
    let reading = Reading {
        text,
        case,
        places: &places,
    };
    Ok(Sources {
        identity: reading.layer("identityPolicies")?,
        boundary: reading.layer("permissionsBoundary")?,
        session: reading.layer("sessionPolicies")?,
        resource: reading.layer("resourcePolicy")?,
        scps: reading.levels("scps")?,
        rcps: reading.levels("rcps")?,
        vpc_endpoint: reading.layer("vpcEndpointPolicy")?,
    })
}

struct Reading<'t> {
    text: &'t str,
    case: &'t Json<'t>,
    /// The same case, read with places.
    places: &'t Node<'t>,
}

impl Reading<'_> {
    /// The policies of a field; an empty list is no layer.
    fn layer(&self, name: &str) -> Result<Option<Vec<Source>>, String> {
        match self.find(name) {
            None => Ok(None),
            Some((Json::Array(list), _)) if list.is_empty() => Ok(None),
            Some((json, place)) => self.policies(name, json, place).map(Some),
        }
    }

    fn levels(&self, name: &str) -> Result<Vec<Vec<Source>>, String> {
        let Some((json, place)) = self.find(name) else {
            return Ok(Vec::new());
        };
        let Json::Array(levels) = json else {
            return Err(format!("`{name}` is not a list of levels"));
        };
        let places = place.elements().unwrap_or_default();
        let levels = levels.iter().zip(places).enumerate();
        levels
            .map(|(number, (level, place))| {
                self.policies(&format!("{name}[{number}]"), level, place)
            })
            .collect()
    }

    fn find(&self, name: &str) -> Option<(&Json<'_>, &Node<'_>)> {
        let members = self.case.members()?;
        let (_, value) = members.iter().rev().find(|(key, _)| key == name)?;
        (*value != Json::Null).then_some((value, self.places.member(name)?))
    }

    /// One policy or a list of them.
    fn policies(
        &self,
        name: &str,
        json: &Json<'_>,
        place: &Node<'_>,
    ) -> Result<Vec<Source>, String> {
        let Json::Array(list) = json else {
            return Ok(vec![self.policy(name.to_owned(), name, json, place)?]);
        };
        let places = place.elements().unwrap_or_default();
        let list = list.iter().zip(places).enumerate();
        list.map(|(number, (json, place))| {
            self.policy(format!("{name}[{number}]"), name, json, place)
        })
        .collect()
    }

    fn policy(
        &self,
        name: String,
        field: &str,
        json: &Json<'_>,
        place: &Node<'_>,
    ) -> Result<Source, String> {
        let document: Document = grammar::read(json, Grammar::Any)
            .map_err(|malformed| format!("`{field}`: {malformed}"))?;
        Ok(Source {
            name,
            document,
            bytes: place.bytes.len(),
            spans: outline::spans_within(self.text, place),
        })
    }
}

//! Structures into answers.

use facts::{Kind, Location, OperationFacts, Shape};
use http::HeaderName;
use http::header::CONTENT_TYPE;

use crate::json_text;
use crate::message::{Format, Outgoing};
use crate::value::{Structure, Value};
use crate::xml::Xml;

/// The header that carries the request id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Writes a good answer.
#[must_use]
pub fn encode(
    operation: &OperationFacts,
    format: Format,
    output: &Structure,
    request_id: &str,
) -> Outgoing {
    let mut headers = vec![
        (REQUEST_ID, request_id.to_owned()),
        (CONTENT_TYPE, content_type(format).to_owned()),
    ];
    let body = match format {
        Format::QueryXml => query_xml(operation, output, request_id),
        Format::QueryJson => query_json(operation, output, request_id),
        // An operation that gives nothing answers with nothing, not with an empty object.
        Format::Json10 | Format::Json11 | Format::RestJson if operation.output.is_none() => {
            Vec::new()
        }
        Format::Json10 | Format::Json11 => json(operation.output, output),
        Format::RestJson => {
            headers.extend(header_members(operation.output, output));
            rest(operation.output, output)
        }
    };
    Outgoing {
        status: operation.status,
        headers,
        body,
    }
}

/// What an answer in this format calls itself.
pub(crate) const fn content_type(format: Format) -> &'static str {
    match format {
        Format::QueryXml => "text/xml",
        Format::QueryJson | Format::RestJson => "application/json",
        Format::Json10 => "application/x-amz-json-1.0",
        Format::Json11 => "application/x-amz-json-1.1",
    }
}

fn query_xml(operation: &OperationFacts, output: &Structure, request_id: &str) -> Vec<u8> {
    let mut xml = Xml::new();
    let root = [operation.name, "Response"].concat();
    xml.element(&root, operation.service.xml_namespace, |xml| {
        match operation.result_wrapper {
            Some(wrapper) => {
                xml.element(wrapper, None, |xml| xml.members(operation.output, output))
            }
            None => xml.members(operation.output, output),
        }
        xml.element("ResponseMetadata", None, |xml| {
            xml.leaf("RequestId", request_id)
        });
    });
    xml.finish()
}

fn query_json(operation: &OperationFacts, output: &Structure, request_id: &str) -> Vec<u8> {
    let mut out = String::from("{");
    json_text::key(&mut out, &format!("{}Response", operation.name), &mut true);
    out.push('{');
    let mut first = true;
    if let Some(wrapper) = operation.result_wrapper {
        json_text::key(&mut out, wrapper, &mut first);
        json_text::object(&mut out, operation.output, output);
    }
    json_text::key(&mut out, "ResponseMetadata", &mut first);
    out.push('{');
    json_text::key(&mut out, "RequestId", &mut true);
    json_text::string(&mut out, request_id);
    out.push_str("}}}");
    out.into_bytes()
}

fn json(shape: Option<&Shape>, output: &Structure) -> Vec<u8> {
    let mut out = String::new();
    json_text::object(&mut out, shape, output);
    out.into_bytes()
}

fn rest(shape: Option<&'static Shape>, output: &Structure) -> Vec<u8> {
    let Some(Shape {
        kind:
            Kind::Structure {
                members,
                payload: Some(payload),
                ..
            },
        ..
    }) = shape
    else {
        return json(shape, output);
    };
    let member = members.iter().find(|member| member.name == *payload);
    match (member, output.get(payload)) {
        (Some(member), Some(Value::Structure(body))) => json(Some(member.shape), body),
        _ => b"{}".to_vec(),
    }
}

/// Members that travel as headers.
pub(crate) fn header_members(
    shape: Option<&'static Shape>,
    structure: &Structure,
) -> impl Iterator<Item = (HeaderName, String)> {
    let members = match shape {
        Some(Shape {
            kind: Kind::Structure { members, .. },
            ..
        }) => *members,
        _ => &[],
    };
    members
        .iter()
        .filter(|member| member.location == Location::Header)
        .filter_map(|member| {
            let text = match structure.get(member.name)? {
                Value::String(text) if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
                    text.clone()
                }
                Value::Integer(number) => number.to_string(),
                Value::Bool(value) => value.to_string(),
                Value::Timestamp(moment) => crate::timestamp::rfc822(*moment),
                _ => return None,
            };
            Some((
                HeaderName::from_bytes(member.wire_name.as_bytes()).ok()?,
                text,
            ))
        })
}

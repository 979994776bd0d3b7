//! Names and paths that IAM checks itself, after the model's constraints, in sentences of its own.

use facts::Shape;

const NAME: &str = "It must contain only alphanumeric characters and/or the following: +=,.@_-";

/// What IAM says when a text of this shape does not match the model's pattern. For the other
/// shapes, those of later years, it names the pattern as all services do.
pub(super) fn sentence(shape: &Shape) -> Option<&'static str> {
    match shape.name {
        "existingUserNameType"
        | "groupNameType"
        | "instanceProfileNameType"
        | "policyNameType"
        | "roleNameType"
        | "serverCertificateNameType"
        | "userNameType" => Some(NAME),
        "pathType" | "policyPathType" => Some(
            "It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        ),
        "pathPrefixType" => Some(
            "It must begin with the / character and contain only alphanumeric characters and/or / characters.",
        ),
        "policyDocumentType" => Some("It must contain only printable ASCII characters."),
        "accessKeyIdType" => Some("It must contain only alphanumeric characters."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use facts::Kind;

    use super::sentence;

    #[test]
    fn every_shape_with_a_sentence_has_a_pattern() {
        let members = facts::iam::SERVICE
            .operations
            .iter()
            .flat_map(|operation| operation.input_members());
        let spoken: std::collections::BTreeSet<_> = members
            .map(|member| member.shape)
            .filter(|shape| sentence(shape).is_some())
            .inspect(|shape| {
                assert!(
                    matches!(&shape.kind, Kind::String(text) if text.pattern.is_some()),
                    "{shape:?}"
                )
            })
            .map(|shape| shape.name)
            .collect();
        assert_eq!(spoken.len(), 12, "{spoken:?}");
    }
}

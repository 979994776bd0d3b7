//! What AWS's models say, as statics: services, operations, shapes, constraints, errors.
//!
//! Nothing here behaves; the codecs of `wire` walk these facts both ways. One generated
//! module a service (`iam`, `sts`, …) holds a constant for each operation. The modules come
//! from `models/*.json` by `cargo xtask facts`, those from botocore by `cargo xtask models`.

mod service;
mod shape;

pub use self::service::{Auth, ErrorFacts, OperationFacts, Protocol, ServiceFacts};
pub use self::shape::{Kind, Location, Member, Pattern, Range, Shape, Text, TimestampFormat};

#[rustfmt::skip]
mod generated;

pub use self::generated::{
    PATTERNS, accessanalyzer, cloudtrail, cognito_identity, cognito_idp, iam, identitystore,
    organizations, signin, sso, sso_admin, sso_oidc, sts,
};

/// All services.
#[must_use]
pub fn services() -> &'static [&'static ServiceFacts] {
    generated::SERVICES
}

/// The service of this name, `iam` or `sso-admin`.
#[must_use]
pub fn service(name: &str) -> Option<&'static ServiceFacts> {
    services()
        .iter()
        .find(|service| service.name == name)
        .copied()
}

/// The operation of this name.
#[must_use]
pub fn operation(service_name: &str, name: &str) -> Option<&'static OperationFacts> {
    service(service_name)?.operation(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_name() {
        let mut count = 0;
        for service in services() {
            for facts in service.operations {
                assert_eq!(operation(service.name, facts.name), Some(*facts));
                assert_eq!(facts.service, *service);
                count += 1;
            }
        }
        assert!(count > 600, "{count}");
    }

    #[test]
    fn operations_and_errors_are_sorted_by_name() {
        for service in services() {
            assert!(
                service.operations.is_sorted_by(|a, b| a.name < b.name),
                "{}",
                service.name
            );
            assert!(
                service.errors.is_sorted_by(|a, b| a.name < b.name),
                "{}",
                service.name
            );
        }
    }

    #[test]
    fn constants_can_be_read_while_compiling() {
        const FACTS: &OperationFacts = iam::CREATE_ROLE;
        const MEMBERS: usize = FACTS.input_members().len();
        assert_eq!(FACTS.name, "CreateRole");
        assert_eq!(MEMBERS, FACTS.input_members().len());
    }

    #[test]
    fn unsigned_operations_are_marked_as_the_models_mark_them() {
        let open = |service: &ServiceFacts| {
            service
                .operations
                .iter()
                .filter(|o| o.auth != Auth::SigV4)
                .map(|o| o.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            open(sts::SERVICE),
            ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"]
        );
        assert_eq!(
            open(cognito_identity::SERVICE),
            [
                "GetCredentialsForIdentity",
                "GetId",
                "GetOpenIdToken",
                "UnlinkIdentity"
            ]
        );
        assert_eq!(open(cognito_idp::SERVICE).len(), 34);
        assert!(
            sso::SERVICE
                .operations
                .iter()
                .all(|o| o.auth == Auth::Bearer)
        );
        assert!(open(iam::SERVICE).is_empty());
    }

    #[test]
    fn codes_and_statuses_of_query_errors_are_those_on_the_wire() {
        let error = iam::GET_ROLE
            .error("NoSuchEntity")
            .map(|error| (error.name, error.status));
        assert_eq!(error, Some(("NoSuchEntityException", 404)));
        let error = sts::ASSUME_ROLE_WITH_WEB_IDENTITY
            .error("IDPRejectedClaim")
            .map(|error| error.status);
        assert_eq!(error, Some(403));
        let error = cognito_idp::SIGN_UP
            .error("InternalErrorException")
            .map(|error| error.status);
        assert_eq!(error, Some(500));
    }

    #[test]
    fn facts_that_go_in_circles_are_shown_by_their_names() {
        assert_eq!(format!("{:?}", iam::CREATE_ROLE), "iam:CreateRole");
        assert_eq!(
            format!("{:?} {:?}", iam::SERVICE, iam::CREATE_ROLE.input),
            "iam Some(CreateRoleRequest)"
        );
    }

    #[test]
    fn patterns_know_their_place() {
        fn walk(shape: &'static Shape, depth: usize) {
            match &shape.kind {
                Kind::String(Text {
                    pattern: Some(pattern),
                    ..
                }) => {
                    assert_eq!(PATTERNS.get(pattern.index), Some(&pattern.text));
                }
                Kind::List(member, _) if depth < 6 => walk(member, depth + 1),
                Kind::Structure { members, .. } if depth < 6 => {
                    members
                        .iter()
                        .for_each(|member| walk(member.shape, depth + 1));
                }
                _ => {}
            }
        }
        for operation in services().iter().flat_map(|service| service.operations) {
            operation.input.into_iter().for_each(|shape| walk(shape, 0));
        }
    }
}

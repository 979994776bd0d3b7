//! Holds typed operations against the model while compiling.
//!
//! `const { check_input::<CreateRole>(facts::iam::CREATE_ROLE) }` fails the build, naming the
//! member, if a field has no member, does not fit it, does not bear an absence that the model
//! allows, or if a member is neither read nor listed as ignored.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "runs while compiling only, where iterators do not work and a panic is the build's error"
)]

use facts::{Kind, Member, OperationFacts, Shape};

use crate::typed::{Claim, Fit, Input, Output};

/// Fails the build unless `I` reads the input of `operation` as the model has it.
pub const fn check_input<I: Input>(operation: &'static OperationFacts) {
    check_members(
        operation.input,
        I::MEMBERS,
        Side::In {
            ignores: I::IGNORES,
        },
    );
}

/// Fails the build unless `O` writes the output of `operation` as the model has it.
pub const fn check_output<O: Output>(operation: &'static OperationFacts) {
    check_members(operation.output, O::MEMBERS, Side::Out);
}

/// Which way a structure travels.
#[derive(Clone, Copy)]
pub enum Side {
    /// In: every member of the model must be read or knowingly ignored.
    In {
        /// The members that are knowingly ignored.
        ignores: &'static [&'static str],
    },
    /// Out: every member that the model requires must be written.
    Out,
}

/// Fails the build unless the claims fit the members of a shape.
pub const fn check_members(shape: Option<&'static Shape>, claims: &'static [Claim], side: Side) {
    let (shape_name, members): (&str, &[Member]) = match shape {
        Some(Shape {
            kind: Kind::Structure { members, .. },
            name,
            ..
        }) => (name, members),
        None => ("nothing", &[]),
        Some(shape) => fail(shape.name, "", "is no structure"),
    };
    let mut at = 0;
    while at < claims.len() {
        let claim = &claims[at];
        match find(members, claim.name) {
            Some(member) => check_claim(shape_name, claim, member, side),
            None => fail(shape_name, claim.name, "is not a member of the model"),
        }
        at += 1;
    }
    let mut at = 0;
    while at < members.len() {
        let member = &members[at];
        match side {
            Side::In { ignores }
                if !claimed(claims, member.name) && !listed(ignores, member.name) =>
            {
                fail(
                    shape_name,
                    member.name,
                    "is neither read nor listed in #[wire(ignores(…))]",
                )
            }
            Side::Out if member.required && !claimed(claims, member.name) => fail(
                shape_name,
                member.name,
                "is required by the model but not written",
            ),
            _ => {}
        }
        at += 1;
    }
    if let Side::In { ignores } = side {
        let mut at = 0;
        while at < ignores.len() {
            if find(members, ignores[at]).is_none() {
                fail(
                    shape_name,
                    ignores[at],
                    "is ignored but is not a member of the model",
                )
            }
            if claimed(claims, ignores[at]) {
                fail(shape_name, ignores[at], "is both read and ignored")
            }
            at += 1;
        }
    }
}

const fn check_claim(shape_name: &str, claim: &Claim, member: &'static Member, side: Side) {
    if let Side::In { .. } = side
        && !member.required
        && !claim.optional
    {
        fail(
            shape_name,
            claim.name,
            "may be absent: read it as an Option, or add #[wire(default)] or #[wire(required)]",
        )
    }
    if !fits(claim.fit, member.shape, side) {
        fail(shape_name, claim.name, "has another kind in the model")
    }
}

const fn fits(fit: &'static Fit, shape: &'static Shape, side: Side) -> bool {
    match (fit, &shape.kind) {
        (Fit::Any, _)
        | (Fit::Bool, Kind::Boolean)
        | (Fit::Integer, Kind::Integer(_) | Kind::Long(_))
        | (Fit::Float, Kind::Float)
        | (Fit::String, Kind::String(_))
        | (Fit::Blob, Kind::Blob(_))
        | (Fit::Timestamp, Kind::Timestamp(_))
        | (Fit::Document, Kind::Document) => true,
        (Fit::List(fit), Kind::List(member, _)) => fits(fit, member, side),
        (Fit::Map(fit), Kind::Map { value, .. }) => fits(fit, value, side),
        (Fit::Structure { members, ignores }, Kind::Structure { .. }) => {
            let side = match side {
                Side::In { .. } => Side::In { ignores },
                Side::Out => Side::Out,
            };
            check_members(Some(shape), members, side);
            true
        }
        _ => false,
    }
}

const fn find(members: &'static [Member], name: &str) -> Option<&'static Member> {
    let mut at = 0;
    while at < members.len() {
        if same(members[at].name, name) {
            return Some(&members[at]);
        }
        at += 1;
    }
    None
}

const fn claimed(claims: &[Claim], name: &str) -> bool {
    let mut at = 0;
    while at < claims.len() {
        if same(claims[at].name, name) {
            return true;
        }
        at += 1;
    }
    false
}

const fn listed(names: &[&str], name: &str) -> bool {
    let mut at = 0;
    while at < names.len() {
        if same(names[at], name) {
            return true;
        }
        at += 1;
    }
    false
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Stops the compiler with `shape.member: why`; a constant can only show a text that it has built.
const fn fail(shape_name: &str, member: &str, why: &str) -> ! {
    const LENGTH_MAX: usize = 256;
    let mut buffer = [b' '; LENGTH_MAX];
    let parts = [shape_name, ".", member, ": ", why];
    let (mut part, mut length) = (0, 0);
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut at = 0;
        while at < bytes.len() && length < LENGTH_MAX {
            buffer[length] = bytes[at];
            length += 1;
            at += 1;
        }
        part += 1;
    }
    match std::str::from_utf8(&buffer) {
        Ok(text) => panic!("{}", text.trim_ascii_end()),
        Err(_) => panic!("an operation does not fit the model"),
    }
}

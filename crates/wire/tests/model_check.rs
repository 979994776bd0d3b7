//! Types that do not fit the model stop the compiler; called while running, the same checks
//! say which member it is.

use facts::{iam, sts};
use wire::{Input, Output, check_input, check_output};

#[derive(Input)]
struct Nothing {}

#[derive(Output)]
struct NothingOut {}

#[derive(Input)]
struct UnknownMember {
    #[expect(dead_code, reason = "only its claim matters")]
    role: String,
}

#[derive(Input)]
struct WrongKind {
    #[expect(dead_code, reason = "only its claim matters")]
    role_name: i64,
}

#[derive(Input)]
#[wire(ignores("RoleName" = "a test"))]
struct ReadAndIgnored {
    #[expect(dead_code, reason = "only its claim matters")]
    role_name: String,
}

#[derive(Input)]
#[wire(ignores("Rolename" = "a slip"))]
struct IgnoredSlip {
    #[expect(dead_code, reason = "only its claim matters")]
    role_name: String,
}

#[derive(Input)]
struct RequiredTooMuch {
    #[expect(dead_code, reason = "only its claim matters")]
    path_prefix: String,
}

#[derive(Input)]
struct Key {
    #[expect(dead_code, reason = "only its claim matters")]
    key: String,
}

#[derive(Input)]
struct NestedGap {
    #[expect(dead_code, reason = "only its claim matters")]
    role_name: String,
    #[expect(dead_code, reason = "only its claim matters")]
    tags: Vec<Key>,
}

const _: () = check_input::<Nothing>(sts::GET_CALLER_IDENTITY);
const _: () = check_output::<NothingOut>(iam::DELETE_ROLE);

#[test]
#[should_panic(expected = "GetRoleRequest.Role: is not a member of the model")]
fn a_member_that_the_model_has_not() {
    // The derive makes `Role` of the field; the model spells it `RoleName`.
    check_input::<UnknownMember>(iam::GET_ROLE);
}

#[test]
#[should_panic(expected = "GetRoleRequest.RoleName: has another kind in the model")]
fn a_member_of_another_kind() {
    check_input::<WrongKind>(iam::GET_ROLE);
}

#[test]
#[should_panic(
    expected = "GetRoleRequest.RoleName: is neither read nor listed in #[wire(ignores(…))]"
)]
fn a_member_that_would_be_dropped_silently() {
    check_input::<Nothing>(iam::GET_ROLE);
}

#[test]
#[should_panic(expected = "GetRoleRequest.RoleName: is both read and ignored")]
fn a_member_that_is_read_and_ignored() {
    check_input::<ReadAndIgnored>(iam::GET_ROLE);
}

#[test]
#[should_panic(expected = "GetRoleRequest.Rolename: is ignored but is not a member of the model")]
fn an_ignored_member_that_the_model_has_not() {
    check_input::<IgnoredSlip>(iam::GET_ROLE);
}

#[test]
#[should_panic(expected = "ListRolesRequest.PathPrefix: may be absent")]
fn a_member_that_may_be_absent_but_is_demanded() {
    check_input::<RequiredTooMuch>(iam::LIST_ROLES);
}

#[test]
#[should_panic(expected = "Tag.Value: is neither read nor listed in #[wire(ignores(…))]")]
fn a_member_that_a_nested_structure_would_drop() {
    check_input::<NestedGap>(iam::TAG_ROLE);
}

#[test]
#[should_panic(expected = "GetRoleResponse.Role: is required by the model but not written")]
fn an_output_without_what_the_model_requires() {
    check_output::<NothingOut>(iam::GET_ROLE);
}

#[test]
#[should_panic(expected = "nothing.RoleName: is not a member of the model")]
fn a_member_where_the_model_has_no_input() {
    check_input::<WrongKind>(iam::GET_ACCOUNT_SUMMARY);
}

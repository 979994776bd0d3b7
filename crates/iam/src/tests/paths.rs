//! Paths of users, groups and roles.

use super::house::{House, TRUST, says};

#[test]
fn a_path_is_one_slash_or_something_between_two() {
    let house = House::new();
    let sentence = |member: &str| {
        says(
            "ValidationError",
            &format!(
                "The specified value for {member} is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
            ),
        )
    };
    for (noun, member) in [
        ("User", "UserName"),
        ("Group", "GroupName"),
        ("Role", "RoleName"),
    ] {
        let create = format!("Create{noun}");
        let form = |path| {
            let mut form = vec![(member, "x"), ("Path", path)];
            form.extend((noun == "Role").then_some(("AssumeRolePolicyDocument", TRUST)));
            form
        };
        for path in ["a", "/a", "a/", "//"] {
            assert_eq!(
                house.refused(&create, &form(path)),
                sentence("path"),
                "{path}"
            );
        }
        house.good(&create, &form("/a/b-c_1/!~//x/"));
        if noun != "Role" {
            let update = format!("Update{noun}");
            let form = [(member, "x"), ("NewPath", "//")];
            assert_eq!(house.refused(&update, &form), sentence("newPath"));
            house.good(&update, &[(member, "x"), ("NewPath", "/a//b/")]);
        }
    }
}

//! Paths of users, groups and roles.

use super::house::{House, TRUST, says};

#[test]
fn a_path_is_slashes_around_what_is_not_empty() {
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
        for path in ["a", "/a", "a/", "//", "/a//b/"] {
            assert_eq!(
                house.refused(&create, &form(path)),
                sentence("path"),
                "{path}"
            );
        }
        house.good(&create, &form("/a/b-c_1/!~/"));
        if noun != "Role" {
            let form = [(member, "x"), ("NewPath", "/a//")];
            assert_eq!(
                house.refused(&format!("Update{noun}"), &form),
                sentence("newPath")
            );
        }
    }
}

//! Switching roles: somebody who is signed in puts on a role, by AssumeRole with their own
//! credentials, and takes it off again.

use askama::Template;
use aws::AccountId;
use http::StatusCode;
use identity::{Account, GLOBAL_SCOPE, Session};
use store::Read;

use crate::console::{ConsoleSession, PutOn};
use crate::frame::{Frame, page};
use crate::visit::Visit;
use crate::{Answer, client, home};

/// The longest name that a person may give a role for themselves.
const DISPLAY_NAME_CHARS_MAX: usize = 64;

/// The longest name that a role's session may have.
const SESSION_NAME_CHARS_MAX: usize = 64;

#[derive(Template)]
#[template(path = "switch-role.html")]
struct SwitchRolePage<'a> {
    frame: &'a Frame,
    notice: Option<&'a str>,
    form: &'a str,
    account: &'a str,
    role: &'a str,
    display_name: &'a str,
    colour: &'a str,
    colours: &'static [Colour],
}

struct Colour {
    /// What forms and pages call it.
    value: &'static str,
    name: &'static str,
    /// What addresses of AWS's console call it.
    hexadecimal: &'static str,
}

/// The colours of AWS's console; the first is none.
const COLOURS: &[Colour] = &[
    Colour {
        value: "",
        name: "None",
        hexadecimal: "",
    },
    Colour {
        value: "red",
        name: "Red",
        hexadecimal: "F2B0A9",
    },
    Colour {
        value: "orange",
        name: "Orange",
        hexadecimal: "FBBF93",
    },
    Colour {
        value: "yellow",
        name: "Yellow",
        hexadecimal: "FAD791",
    },
    Colour {
        value: "green",
        name: "Green",
        hexadecimal: "B7CA9D",
    },
    Colour {
        value: "blue",
        name: "Blue",
        hexadecimal: "99BCE3",
    },
];

/// The colour that was asked for, by either name; an unknown one is none.
fn colour(asked: &str) -> &'static str {
    COLOURS
        .iter()
        .find(|known| {
            known.value == asked
                || (!known.hexadecimal.is_empty()
                    && known
                        .hexadecimal
                        .eq_ignore_ascii_case(asked.trim_start_matches('#')))
        })
        .map_or("", |known| known.value)
}

/// Shows the form, filled with what the address says.
pub(crate) fn show(visit: &Visit<'_>) -> Answer {
    match &visit.console {
        Some(console) => form(visit, console, StatusCode::OK, None),
        None => home::redirect(),
    }
}

fn form(
    visit: &Visit<'_>,
    console: &ConsoleSession,
    status: StatusCode,
    notice: Option<&str>,
) -> Answer {
    let frame = Frame::new();
    let parameters = &visit.parameters;
    page(
        status,
        &frame,
        &SwitchRolePage {
            frame: &frame,
            notice,
            form: console.form(),
            account: parameters.text("account"),
            role: parameters.text("roleName"),
            display_name: parameters.text("displayName"),
            colour: colour(parameters.text("color")),
            colours: COLOURS,
        },
    )
}

/// Takes the form: puts the role on, or says why not.
pub(crate) async fn switch(visit: &Visit<'_>) -> Answer {
    let Some(console) = visit.own_form() else {
        return match &visit.console {
            Some(console) => {
                let notice = "The form was too old or not ours. Please try again.";
                form(visit, console, StatusCode::FORBIDDEN, Some(notice))
            }
            None => home::redirect(),
        };
    };
    match put_on(visit, console).await {
        Ok(role) => {
            let switched = console.with_role(Some(role));
            let kept = switched.keep(
                visit.pages,
                home::redirect(),
                visit.raw.peer.secure,
                visit.now_s(),
            );
            let too_large = "The role’s session and yours are together too large for a browser.";
            kept.unwrap_or_else(|| form(visit, console, StatusCode::BAD_REQUEST, Some(too_large)))
        }
        Err(why) => form(visit, console, StatusCode::FORBIDDEN, Some(&why)),
    }
}

/// Takes the role off.
pub(crate) fn back(visit: &Visit<'_>) -> Answer {
    let Some(console) = visit.own_form() else {
        return home::redirect();
    };
    let kept = console.with_role(None).keep(
        visit.pages,
        home::redirect(),
        visit.raw.peer.secure,
        visit.now_s(),
    );
    kept.unwrap_or_else(home::redirect)
}

async fn put_on(visit: &Visit<'_>, console: &ConsoleSession) -> Result<PutOn, String> {
    let parameters = &visit.parameters;
    let account = account(visit, parameters.text("account"))
        .ok_or_else(|| "There is no such account.".to_owned())?;
    let role = parameters.text("roleName").trim_start_matches('/');
    let display_name = parameters.text("displayName");
    if display_name.chars().count() > DISPLAY_NAME_CHARS_MAX {
        return Err(format!(
            "The display name is longer than {DISPLAY_NAME_CHARS_MAX} characters."
        ));
    }
    let role_arn = format!("arn:aws:iam::{account}:role/{role}");
    // A session is called as the one who puts the role on.
    let session_name: String = home::signed_in_as(visit, console)
        .chars()
        .take(SESSION_NAME_CHARS_MAX)
        .collect();
    let parameters = [
        ("RoleArn", role_arn.as_str()),
        ("RoleSessionName", session_name.as_str()),
    ];
    // A role is put on over the one who signed in, not over another role.
    let assumed = client::call(
        visit,
        console.signed_in(),
        facts::sts::SERVICE,
        "AssumeRole",
        &parameters,
    )
    .await
    .map_err(|refused| refused.message)?;
    let session = client::session_of(visit, &assumed)
        .ok_or_else(|| "The role’s session could not be read.".to_owned())?;
    let chosen = colour(visit.parameters.text("color"));
    Ok(PutOn {
        session: Session {
            expires_at: session.expires_at.min(console.signed_in().expires_at),
            ..session
        },
        display_name: (!display_name.is_empty()).then(|| display_name.to_owned()),
        colour: (!chosen.is_empty()).then(|| chosen.to_owned()),
    })
}

/// An account by its twelve digits or its alias.
fn account(visit: &Visit<'_>, named: &str) -> Option<AccountId> {
    if let Ok(id) = named.replace('-', "").parse::<AccountId>() {
        return Some(id);
    }
    let reader = visit.environment().directory.store().read();
    let found = reader.find::<Account>(GLOBAL_SCOPE, "alias", named);
    found.ok().flatten().map(|account| account.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_known_by_both_names_and_others_are_none() {
        assert_eq!(colour("red"), "red");
        assert_eq!(colour("#f2b0a9"), "red");
        assert_eq!(colour("99BCE3"), "blue");
        for unknown in ["", "#000000", "url(x)"] {
            assert_eq!(colour(unknown), "", "{unknown}");
        }
    }
}

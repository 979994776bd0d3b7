//! The person's browser.

use std::process::{Command, Stdio};

/// What opens addresses, as far as it is there.
const OPENERS: &[&str] = &["xdg-open", "open", "wslview"];

/// Shows the address, and opens it unless told not to.
pub(super) fn open(address: &str, only_show: bool) {
    eprintln!("Sign in in your browser:\n\n    {address}\n");
    if only_show {
        return;
    }
    let own = std::env::var("BROWSER").ok().filter(|own| !own.is_empty());
    let openers = own
        .iter()
        .map(String::as_str)
        .chain(OPENERS.iter().copied());
    for opener in openers {
        let begun = Command::new(opener)
            .arg(address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if begun.is_ok() {
            return;
        }
    }
    eprintln!("No browser could be opened here: open the address yourself.");
}

//! Asks for a password: at the terminal without showing it, else one line of standard input.

use std::io::{self, BufRead, IsTerminal, Read};

use aws::Secret;

use crate::Failure;

/// The longest line that is read, in bytes.
const LINE_BYTES_MAX: u64 = 4_096;

/// The password. `prompt` is shown to whoever can answer.
pub(crate) fn ask(prompt: &str) -> Result<Secret<String>, Failure> {
    if io::stdin().is_terminal() {
        let typed = rpassword::prompt_password(prompt)
            .map_err(|error| format!("cannot read the password: {error}"))?;
        return Ok(Secret::new(typed));
    }
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(LINE_BYTES_MAX)
        .read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(Secret::new(line))
}

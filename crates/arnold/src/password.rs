//! Asks for a password: at the terminal without showing it, else one line of standard input.

use std::io::{self, BufRead, IsTerminal, Read};

use aws::Secret;

use crate::Failure;

/// The longest line that is read, in bytes.
const LINE_BYTES_MAX: u64 = 4_096;

/// The password. `prompt` is shown to whoever can answer.
pub(crate) fn ask(prompt: &str) -> Result<Secret<String>, Failure> {
    if io::stdin().is_terminal() {
        // Before the question: whoever types at once must not be shown what they type.
        #[cfg(unix)]
        let _unseen = Unseen::begin()?;
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

/// The terminal without its echo, until this goes away.
#[cfg(unix)]
struct Unseen {
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl Unseen {
    fn begin() -> Result<Unseen, Failure> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let changed = tcgetattr(io::stdin()).and_then(|before| {
            let mut unseen = before.clone();
            unseen.local_modes.remove(LocalModes::ECHO);
            tcsetattr(io::stdin(), OptionalActions::Now, &unseen).map(|()| Unseen { before })
        });
        let told = |error| format!("cannot keep the terminal from showing the password: {error}");
        Ok(changed.map_err(told)?)
    }
}

#[cfg(unix)]
impl Drop for Unseen {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Err(error) = tcsetattr(io::stdin(), OptionalActions::Now, &self.before) {
            eprintln!("arnold: the terminal may not show what is typed: {error}");
        }
    }
}
